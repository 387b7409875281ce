import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { resolve } from 'node:path';
import { formatTally, type Report, requiredButSkipped } from './test-report.ts';

// `npm test`: the tests of every project, and at the end the runner's own count on a line of its own.
// E2E=required makes a skipped test that needs root or an engine a failure. Arguments are vitest's: `npm test -- --project arch-table`.

const root = resolve(import.meta.dirname, '../..');
const report = resolve(root, 'dist/test-report.json');
await mkdir(resolve(root, 'dist'), { recursive: true });
// A run that is broken off leaves none: that of an earlier one would be taken for its own.
await rm(report, { force: true });

const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
const vitest = resolve(root, 'node_modules/vitest/vitest.mjs');
const runner = spawn(process.execPath, [vitest, 'run', ...reporters, ...process.argv.slice(2)], {
  cwd: root,
  stdio: 'inherit',
});
await once(runner, 'spawn');
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => runner.kill(signal));
const [status] = (await once(runner, 'exit')) as [number | null];

process.exitCode = status ?? 1;
if (existsSync(report)) {
  const told = JSON.parse(await readFile(report, 'utf8')) as Report;
  const required = process.env.E2E === 'required' ? requiredButSkipped(told) : [];
  if (required.length > 0) {
    process.stdout.write(`\nE2E=required, but skipped: ${required.join('\n  ')}\n`);
    process.exitCode = 1;
  }
  process.stdout.write(`\n${formatTally(told)}\n`);
} else {
  process.stdout.write('\nbroken off: nothing was counted\n');
  process.exitCode ||= 1;
}
