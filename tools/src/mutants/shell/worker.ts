import { readFile, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { RunnerTask } from 'vitest';
import { createVitest, type Vitest } from 'vitest/node';
import { alterationsOf } from './mutate.ts';
import { testsNearestTo } from './nearest.ts';
import {
  hashesOf,
  leftToRun,
  type NoticedBy,
  type Results,
  resultsIn,
  scopeOf,
  stillTrue,
} from './results.ts';

// Alters a part of the script, one place at a time, in a copy of the repository, and runs the tests nearest to it. It runs
// where the machine cannot be changed: an altered script may write anywhere.
// Words: the copy, the part, and the file of its results.

const [copy = '', part = '', file = ''] = process.argv.slice(2);
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

const scope = await scopeOf(copy);
const path = resolve(copy, 'apps/register/src/script', part);
const files = testsNearestTo(part);
const tests = await hashesOf(copy, files);
const original = await readFile(path, 'utf8');
const found = await resultsIn(file);
const earlier = found?.scope === scope ? found : undefined;
if ((await noticing(vitest, files)) !== null)
  throw new Error(`the tests of ${part} fail as it is:\n${failuresIn(vitest)}`);
const noticed = stillTrue(earlier, tests);
for (const { line, column, operator, text, before, after } of alterationsOf(original)) {
  const key = `${line}:${column} ${operator}`;
  if (noticed[key] === undefined) {
    await writeFile(path, text);
    noticed[key] = await noticing(vitest, leftToRun(earlier, key, tests));
    // A run that is cut short goes on from here.
    await writeFile(file, JSON.stringify({ scope, tests, noticed } satisfies Results));
  }
  const by = noticed[key] ?? `survived\n  - ${before}\n  + ${after}`;
  process.stdout.write(`${part}:${line} ${operator}: ${by}\n`);
}
await writeFile(path, original);
await vitest.close();
process.exit(0);

/** Runs one file after the other, until one fails: that one. */
async function noticing(runner: Vitest, files: readonly string[]): Promise<NoticedBy> {
  for (const name of files) {
    runner.state.filesMap.clear();
    await runner.start([resolve(copy, name)]);
    const ran = runner.state.getFiles();
    if (ran.length !== 1) throw new Error(`${name} did not run`);
    if (ran.some(({ result }) => result?.state !== 'pass')) return name;
  }
  return null;
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
