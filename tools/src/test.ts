import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { resolve } from 'node:path';
import { endedIn, formatTally, readReport, requiredButSkipped, tallyOf } from './test-report.ts';

// `npm test`, and what each project's `nx test` runs: at the end it sums up what was skipped, and counts on a line of its own.
// E2E=required makes a skipped test a failure if `npm run e2e` brings what it needs. E2E_AFTER names a report of tests of the
// same commit on another machine: what ended there counts, and does not run again. Arguments are vitest's:
// `npm test -- --project arch-table`.

const root = resolve(import.meta.dirname, '../..');
const words = process.argv.slice(2);
// Projects are tested side by side.
const name = ['test-report', ...words].join('-').replace(/[^\w]+/g, '-');
const report = resolve(root, 'dist', `${name.slice(0, 100)}.json`);
await mkdir(resolve(root, 'dist'), { recursive: true });
// A run that is broken off leaves none: that of an earlier one would be taken for its own.
await rm(report, { force: true });

const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
const vitest = resolve(root, 'node_modules/vitest/vitest.mjs');
const runner = spawn(process.execPath, [vitest, 'run', ...reporters, ...words], {
  cwd: root,
  stdio: 'inherit',
});
await once(runner, 'spawn');
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => runner.kill(signal));
const [status] = (await once(runner, 'exit')) as [number | null];

process.exitCode = status ?? 1;
if (existsSync(report)) {
  const { E2E, E2E_AFTER } = process.env;
  const earlier = E2E_AFTER === undefined ? undefined : endedIn(await readReport(E2E_AFTER));
  const tally = tallyOf(await readReport(report), earlier);
  const required = E2E === 'required' ? requiredButSkipped(tally) : [];
  if (required.length > 0) {
    process.stdout.write(`\nE2E=required, but skipped: ${required.join('\n  ')}\n`);
    process.exitCode = 1;
  }
  if (tally.failed.length > 0) process.exitCode ||= 1;
  process.stdout.write(`\n${formatTally(tally)}\n`);
} else {
  process.stdout.write('\nbroken off: nothing was counted\n');
  process.exitCode ||= 1;
}
