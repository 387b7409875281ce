#!/usr/bin/env node
import { runTests, withSetUp } from './with-set-up.ts';

// Sets up, runs `npm test` with no skip allowed, and takes away what was set up, however the tests end. A set-up that
// stands already stays. Arguments are vitest's: `npm run e2e -- --project e2e`.

await withSetUp(
  (setUp) => setUp(),
  (interrupted) => runTests(process.argv.slice(2), {}, interrupted),
);
