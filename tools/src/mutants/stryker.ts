import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { Stryker } from '@stryker-mutator/core';
import { type Area, codeOf } from './areas.ts';
import { inOneLine, type Mutant, type Status } from './mutant.ts';

/** The part of Stryker's JSON report that is used. https://github.com/stryker-mutator/mutation-testing-elements */
interface Report {
  readonly files: Readonly<
    Record<
      string,
      {
        readonly source: string;
        readonly mutants: readonly {
          readonly mutatorName: string;
          readonly replacement?: string;
          readonly status: string;
          readonly location: { readonly start: { readonly line: number; readonly column: number } };
        }[];
      }
    >
  >;
}

const COUNTED: ReadonlySet<string> = new Set([
  'Killed',
  'Timeout',
  'Survived',
  'NoCoverage',
] satisfies Status[]);

/**
 * Alters TypeScript. Results of an earlier run count where neither the code nor the tests that reach it changed.
 * @param files of the area, from the root of the repository
 */
export async function runStryker(
  root: string,
  area: Area,
  files: readonly string[],
  concurrency: number,
): Promise<Mutant[]> {
  const folder = join('dist/mutants', area.name.replaceAll('/', '-'));
  const report = join(folder, 'report.json');
  // Paths are those of the current folder.
  process.chdir(root);
  // With Stryker's own `testFiles`, code that runs when a file is loaded would not be altered (Stryker 10.1).
  process.env.MUTANTS_TESTS = area.tests.join();
  await new Stryker({
    testRunner: 'vitest',
    plugins: ['@stryker-mutator/vitest-runner'],
    // vitest's search for tests by imports does not follow packages of this repository.
    vitest: { configFile: 'tools/src/mutants/vitest.config.ts', related: false },
    mutate: files.length === 0 ? codeOf(area) : [...files],
    // Nearly all are texts for people.
    mutator: { excludedMutations: ['StringLiteral'], plugins: null },
    ignorePatterns: ['dist', '.nx'],
    tempDirName: 'dist/mutants/.tmp',
    incremental: true,
    incrementalFile: join(folder, 'incremental.json'),
    jsonReporter: { fileName: report },
    reporters: ['json', 'progress-append-only'],
    concurrency,
    timeoutMS: 10_000,
    // Of all tests once, before anything is altered: a busy machine is no reason to end.
    dryRunTimeoutMinutes: 60,
    allowConsoleColors: false,
    // They are lines before the first, and Node and vitest check no types.
    disableTypeChecks: false,
  }).runMutationTest();
  return mutantsOf(JSON.parse(await readFile(resolve(root, report), 'utf8')), files);
}

/** @param files those that were asked for: a report has results of earlier runs as well. None: all */
export function mutantsOf(report: Report, files: readonly string[] = []): Mutant[] {
  return Object.entries(report.files).flatMap(([file, { source, mutants }]) => {
    if (files.length > 0 && !files.includes(file)) return [];
    const lines = source.split('\n');
    return mutants
      .filter(({ status }) => COUNTED.has(status))
      .map(({ mutatorName, replacement = '', status, location: { start } }) => ({
        file,
        line: start.line,
        column: start.column,
        code: (lines[start.line - 1] ?? '').trim(),
        becomes: inOneLine(replacement),
        operator: mutatorName,
        status: status as Status,
      }))
      .sort((a, b) => a.line - b.line || a.column - b.column);
  });
}
