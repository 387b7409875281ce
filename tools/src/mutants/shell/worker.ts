import { readFile, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { RunnerTask } from 'vitest';
import { createVitest, type Vitest } from 'vitest/node';
import type { Status } from '../mutant.ts';
import { alterationsOf } from './mutate.ts';
import { testsNearestTo } from './nearest.ts';
import { known, type Results, resultsIn } from './results.ts';

// Alters one part of the script after the other, one place at a time, in a copy of the repository, and runs the tests
// nearest to it. It runs where the machine cannot be changed: an altered script may write anywhere.
// Words: the copy, the file of results, and the parts.

const [copy = '', file = '', ...parts] = process.argv.slice(2);
const results: Results = await resultsIn(file);
process.chdir(copy);
process.env.VITEST = '1';
const vitest = await createVitest(
  'test',
  {
    config: false,
    root: copy,
    watch: false,
    bail: 1,
    maxWorkers: 1,
    testTimeout: 30_000,
    hookTimeout: 30_000,
    update: 'none',
    reporters: [{}],
  },
  { cacheDir: resolve(copy, '.vite') },
);

for (const part of parts) {
  const path = resolve(copy, 'apps/register/src/script', part);
  const tests = testsNearestTo(part);
  const original = await readFile(path, 'utf8');
  const scope = await known(copy, part, tests);
  const before = results[part]?.scope === scope ? results[part].statuses : {};
  const statuses: Record<string, Status> = {};
  if ((await runTests(vitest, tests)) !== 'Survived')
    throw new Error(`the tests of ${part} fail as it is:\n${failuresIn(vitest)}`);
  for (const { line, column, operator, text, before: was, after } of alterationsOf(original)) {
    const key = `${line}:${column} ${operator}`;
    await writeFile(path, text);
    statuses[key] = before[key] ?? (await runTests(vitest, tests));
    process.stdout.write(`${part}:${line} ${operator}: ${statuses[key]}\n`);
    if (statuses[key] === 'Survived') process.stdout.write(`  - ${was}\n  + ${after}\n`);
  }
  await writeFile(path, original);
  results[part] = { scope, statuses };
  await writeFile(file, JSON.stringify(results));
}
await vitest.close();
process.exit(0);

/** One file after the other, until one fails. */
async function runTests(runner: Vitest, files: readonly string[]): Promise<Status> {
  for (const name of files) {
    runner.state.filesMap.clear();
    await runner.start([resolve(copy, name)]);
    const ran = runner.state.getFiles();
    if (ran.length !== 1) throw new Error(`${name} did not run`);
    if (ran.some(({ result }) => result?.state !== 'pass')) return 'Killed';
  }
  return 'Survived';
}

function failuresIn(runner: Vitest): string {
  const files = runner.state.getFiles().flatMap((file) => [file, ...file.tasks.flatMap(below)]);
  return files
    .flatMap(({ name, result }) => (result?.errors ?? []).map((error) => `${name}: ${error.message}`))
    .join('\n');
}

function below(task: RunnerTask): RunnerTask[] {
  return 'tasks' in task ? task.tasks.flatMap(below) : [task];
}
