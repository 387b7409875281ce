import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { ROOT } from '../repository.ts';
import { type Accepted, outOfDate, sortOut } from './accepted.ts';
import { type Area, areasOf } from './areas.ts';
import { changedSince, codeAmong } from './changed.ts';
import type { Mutant } from './mutant.ts';
import { isTooLow, percentOf, type Score, scoreOf, withScores } from './scores.ts';
import { runShell } from './shell/run.ts';
import { runStryker } from './stryker.ts';

// npm run mutants: alters the code in one place at a time; a test has to fail. docs/testing.md describes it.

const areas = areasOf(ROOT);
const whole = (text: string) => {
  if (!/^[1-9]\d?$/.test(text)) throw new InvalidArgumentError('It is a whole number from 1 to 99.');
  return Number(text);
};
const names = (text: string, before: readonly string[] = []) => {
  if (!areas.some(({ name }) => name === text))
    throw new InvalidArgumentError(`Folders are ${areas.map(({ name }) => name).join(', ')}.`);
  return [...before, text];
};
const { project, file, changed, save, concurrency } = new Command('mutants')
  .description('Alters the code in one place at a time and runs the nearest tests: one of them has to fail.')
  .option('--project <folder>', 'alter only this folder (repeatable)', names)
  .option(
    '--file <path>',
    'alter only this file, from the root of the repository (repeatable)',
    (path: string, before: readonly string[] = []) => [...before, path],
  )
  .option(
    '--changed [commit]',
    'alter only files that differ from where the branch left a commit (default: main)',
  )
  .option('--save', 'write the scores into docs/testing.md')
  .option('--concurrency <n>', 'run the tests of so many alterations at once', whole, 1)
  .parse()
  .opts<{ project?: string[]; file?: string[]; changed?: true | string; save?: true; concurrency: number }>();

const accepted = JSON.parse(
  await readFile(resolve(import.meta.dirname, 'accepted.json'), 'utf8'),
) as Accepted[];
const only = changed === undefined ? file : changedSince(ROOT, changed === true ? 'main' : changed);
const scores: Score[] = [];
// Altered code may not come to remove what it made.
const temporary = await mkdtemp(join(tmpdir(), 'mutants-'));
process.env.TMPDIR = temporary;
for (const area of areas.filter(({ name }) => project?.includes(name) ?? true)) {
  const files = only === undefined ? [] : codeAmong(area, only);
  if (only !== undefined && files.length === 0) continue;
  report(area, await mutantsIn(area, files));
}
await rm(temporary, { recursive: true, force: true });
if (save) {
  const page = resolve(ROOT, 'docs/testing.md');
  const text = await readFile(page, 'utf8');
  await writeFile(
    page,
    withScores(
      text,
      scores,
      areas.map(({ name }) => name),
    ),
  );
}

function mutantsIn(area: Area, files: readonly string[]): Promise<Mutant[]> {
  const run = area.language === 'shell' ? runShell : runStryker;
  return run(ROOT, area, files, concurrency);
}

function report(area: Area, mutants: readonly Mutant[]): void {
  const found = sortOut(mutants, accepted);
  const score = scoreOf(area, mutants, found.left.length, found.accepted.length);
  scores.push(score);
  for (const { file, line, column, code, becomes, operator } of found.left)
    process.stdout.write(
      `${file}:${line}:${column} ${operator}\n  code:    ${code}\n  becomes: ${becomes}\n`,
    );
  for (const { file, code, becomes } of outOfDate(mutants, accepted)) {
    process.stdout.write(`${file}: remove this entry from accepted.json: ${code} becomes ${becomes}\n`);
    process.exitCode = 1;
  }
  const verdict = isTooLow(score) ? `, less than ${score.least} %` : '';
  process.stdout.write(
    `${area.name}: ${score.noticed} of ${score.altered} noticed, ${score.accepted} accepted: ${percentOf(score).toFixed(1)} %${verdict}\n`,
  );
  if (isTooLow(score)) process.exitCode = 1;
}
