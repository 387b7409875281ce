#!/usr/bin/env node
import { testOnNewMachine } from './new-machine.ts';
import { allThrough, installTools } from './set-up.ts';
import { runTests, withSetUp } from './with-set-up.ts';

// The tests of continuous integration: those that can on a new machine, while the set-up waits for packages; then all
// others with the set-up. No test ends twice, and the last line counts both.

await withSetUp(
  async (setUp) => {
    await installTools();
    const tested = testOnNewMachine();
    await allThrough([tested, setUp()]);
    return tested;
  },
  async (interrupted, { exitCode, report }) => {
    if (exitCode !== 0) process.stderr.write('npm ci && npm test failed on a new machine: see above\n');
    const status = await runTests([], report === undefined ? {} : { E2E_AFTER: report }, interrupted);
    return exitCode || status;
  },
);
