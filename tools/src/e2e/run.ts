#!/usr/bin/env node
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { ROOT } from '../repository.ts';
import { abortOnInterrupt } from './interrupt.ts';
import { STATE } from './places.ts';
import { setUp } from './set-up.ts';
import { tearDown } from './tear-down.ts';

// Sets up, runs `npm test` with no skip allowed, and takes away what was set up, however the tests end. A set-up that
// stands already stays. Arguments are vitest's: `npm run e2e -- --project e2e`.

const interrupted = abortOnInterrupt();
const stands = existsSync(STATE);
try {
  await setUp();
  interrupted.throwIfAborted();
  process.exitCode = await runTests(process.argv.slice(2));
} finally {
  if (!stands) await tearDown();
}

async function runTests(words: readonly string[]): Promise<number> {
  const tests = spawn('npm', ['test', '--', ...words], {
    cwd: ROOT,
    env: { ...process.env, E2E: 'required' },
    stdio: 'inherit',
  });
  await once(tests, 'spawn');
  interrupted.addEventListener('abort', () => tests.kill('SIGTERM'));
  const [code] = (await once(tests, 'exit')) as [number | null];
  return code ?? 1;
}
