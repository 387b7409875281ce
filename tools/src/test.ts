import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { setPriority } from 'node:os';
import { resolve } from 'node:path';
import { formatTally, joinReports, type Report, requiredButSkipped } from './test-report.ts';

// `npm test`: the tests of every project, and at the end their count on a line of its own. E2E=required makes a skipped
// test that needs root or an engine a failure. Arguments are vitest's: `npm test -- --project arch-table`.

/** A runner of vitest: the projects that it takes, and its niceness. (nice(1)) */
interface Runner {
  readonly projects: readonly string[];
  readonly niceness: number;
}

/**
 * What tests have in common with the machine's one table of interpreters goes one file after the other, and waits for
 * engines much of the time: so it has a runner of its own, beside that of all others. It is the longer way, and so it goes
 * before.
 */
const RUNNERS: readonly Runner[] = [
  { projects: ['--project=e2e', '--passWithNoTests'], niceness: 0 },
  { projects: ['--project=!e2e', '--passWithNoTests'], niceness: 5 },
];
/** What the arguments name. */
const NAMED: readonly Runner[] = [{ projects: [], niceness: 0 }];

const root = resolve(import.meta.dirname, '../..');
const reports = resolve(root, 'dist/test-reports');
const words = process.argv.slice(2);
const runners = words.some((word) => word.startsWith('--project')) ? NAMED : RUNNERS;

// A run that is broken off leaves none: that of an earlier one would be taken for its own.
await rm(reports, { recursive: true, force: true });
await mkdir(reports, { recursive: true });
const ended = await Promise.all(runners.map((runner, index) => run(runner, `${index}.json`)));

const told = ended.map(({ report }) => report).filter((report) => report !== undefined);
if (ended.some(({ status }) => status !== 0)) process.exitCode = 1;
const all = joinReports(told);
if (told.length < ended.length || all.testResults.length === 0) {
  process.stdout.write(
    `\n${told.length < ended.length ? 'broken off: not all was counted' : 'no such test'}\n`,
  );
  process.exitCode = 1;
}
const required = process.env.E2E === 'required' ? requiredButSkipped(all) : [];
if (required.length > 0) {
  process.stdout.write(`\nE2E=required, but skipped: ${required.join('\n  ')}\n`);
  process.exitCode = 1;
}
process.stdout.write(`\n${formatTally(all)}\n`);

/** Runs vitest to its end. What it says goes through here: two that write to a terminal would draw over each other. */
async function run({ projects, niceness }: Runner, name: string) {
  const file = resolve(reports, name);
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`];
  const vitest = resolve(root, 'node_modules/vitest/vitest.mjs');
  const runner = spawn(process.execPath, [vitest, 'run', ...reporters, ...projects, ...words], {
    cwd: root,
    env: { ...process.env, ...(process.stdout.isTTY && { FORCE_COLOR: '1' }) },
    stdio: ['inherit', 'pipe', 'inherit'],
  });
  if (runner.pid !== undefined) setPriority(runner.pid, niceness);
  runner.stdout.pipe(process.stdout, { end: false });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => runner.kill(signal));
  const [status] = (await once(runner, 'close')) as [number | null];
  const report = existsSync(file) ? (JSON.parse(await readFile(file, 'utf8')) as Report) : undefined;
  return { status, report };
}
