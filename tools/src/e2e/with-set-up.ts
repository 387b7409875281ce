import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { ROOT } from '../repository.ts';
import { abortOnInterrupt } from './interrupt.ts';
import { STATE } from './places.ts';
import { setUp } from './set-up.ts';
import { tearDown } from './tear-down.ts';

/**
 * Prepares tests by the set-up, runs them, and takes away what was set up, however they end; a set-up that stands already
 * stays. The status of this process is what `test` gives.
 */
export async function withSetUp<Prepared>(
  prepare: (setUpAll: typeof setUp) => Promise<Prepared>,
  test: (interrupted: AbortSignal, prepared: Prepared) => Promise<number>,
): Promise<void> {
  const interrupted = abortOnInterrupt();
  const stands = existsSync(STATE);
  try {
    const prepared = await prepare(setUp);
    interrupted.throwIfAborted();
    process.exitCode = await test(interrupted, prepared);
  } finally {
    if (!stands) await tearDown();
  }
}

/** `npm test` with no skip allowed of what the set-up brings. @returns its status */
export async function runTests(
  words: readonly string[],
  env: Readonly<Record<string, string>>,
  interrupted: AbortSignal,
): Promise<number> {
  const tests = spawn('npm', ['test', '--', ...words], {
    cwd: ROOT,
    env: { ...process.env, ...env, E2E: 'required' },
    stdio: 'inherit',
  });
  await once(tests, 'spawn');
  interrupted.addEventListener('abort', () => tests.kill('SIGTERM'));
  const [code] = (await once(tests, 'exit')) as [number | null];
  return code ?? 1;
}
