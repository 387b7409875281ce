import { readFile } from 'node:fs/promises';
import { stripVTControlCharacters } from 'node:util';
import { printable } from '@qemu-user-static/errors';
import { NEEDS, needsIn } from './test-needs.ts';

/** The part of vitest's JSON report that is used. https://vitest.dev/guide/reporters#json-reporter */
export interface Report {
  readonly testResults: readonly {
    /** The file's path. */
    readonly name: string;
    readonly status: string;
    readonly assertionResults: readonly TestResult[];
  }[];
}

interface TestResult {
  readonly ancestorTitles: readonly string[];
  readonly title: string;
  readonly status: string;
  /** Each with its stack, and the colours of a terminal. */
  readonly failureMessages?: readonly string[];
}

export async function readReport(path: string): Promise<Report> {
  return JSON.parse(await readFile(path, 'utf8')) as Report;
}

/** Tests of a run by how they ended. */
export interface Tally {
  readonly passed: readonly TestResult[];
  readonly failed: readonly TestResult[];
  readonly skipped: readonly TestResult[];
  /** Files that cannot be loaded, or whose preparation fails: no failed test is counted in them. */
  readonly broken: readonly string[];
}

const titlesOf = ({ ancestorTitles, title }: TestResult) => [...ancestorTitles, title];

/** A test's name, as vitest's `testNamePattern` sees it. */
export const nameOf = (test: TestResult) => titlesOf(test).join(' > ');

/** Tests that passed or failed in an earlier run, by their names. */
export type Ended = ReadonlyMap<string, TestResult>;

const isEnded = ({ status }: TestResult) => status === 'passed' || status === 'failed';

/** @param earlier tests of an earlier run, which were left out of this one */
export function tallyOf({ testResults }: Report, earlier: Ended = new Map()): Tally {
  const all = testResults
    .flatMap(({ assertionResults }) => assertionResults)
    .map((test) => (isEnded(test) ? test : (earlier.get(nameOf(test)) ?? test)));
  return {
    passed: all.filter(({ status }) => status === 'passed'),
    failed: all.filter(({ status }) => status === 'failed'),
    skipped: all.filter((test) => !isEnded(test)),
    broken: testResults
      .filter(
        ({ status, assertionResults }) =>
          status === 'failed' && assertionResults.every((test) => test.status !== 'failed'),
      )
      .map(({ name }) => name),
  };
}

/** Tests that passed or failed, except those that share their name with one that was skipped or ended otherwise. */
export function endedIn({ testResults }: Report): Ended {
  const all = testResults.flatMap(({ assertionResults }) => assertionResults);
  return new Map(
    Map.groupBy(all, nameOf)
      .entries()
      .filter(([, [first, ...others]]) => others.every(({ status }) => status === first?.status))
      .flatMap(([name, [first]]) => (first !== undefined && isEnded(first) ? [[name, first] as const] : [])),
  );
}

/** A `testNamePattern` of every other test. */
export function allBut(ended: Ended): RegExp {
  return new RegExp(`^(?!(?:${Array.from(ended.keys(), RegExp.escape).join('|')})$)`);
}

/** Skipped tests that E2E=required allows no skip of: the set-up brings what they need, or nothing is known that they need. */
export function requiredButSkipped({ skipped }: Tally): string[] {
  return skipped
    .filter((test) => {
      const needs = needsIn(titlesOf(test));
      return needs.length === 0 || needs.some((need) => NEEDS[need]?.setUp);
    })
    .map(nameOf);
}

/**
 * The failed tests, the skipped ones grouped by the need that the machine lacks, and the count as the last line: of a log
 * that is cut off, as those of CI services are, people see the end.
 * @param lackOf why the machine does not have what a need names, or nothing
 */
export function formatTally(tally: Tally, lackOf = lackHere): string {
  const { passed, failed, skipped, broken } = tally;
  return [
    ...failed.flatMap(failureOf),
    ...broken.map((name) => `failed outside its tests: ${name}`),
    ...reasonsOf(skipped, lackOf),
    `${passed.length} passed, ${failed.length + broken.length} failed, ${skipped.length} skipped`,
  ].join('\n');
}

/** Enough for the message, what was expected and where: vitest shows all of it above. */
const LINES_OF_FAILURE = 20;

function failureOf(test: TestResult): string[] {
  const lines = stripVTControlCharacters((test.failureMessages ?? []).join('\n')).split('\n');
  const shown = lines.filter((line) => line.trim() !== '').slice(0, LINES_OF_FAILURE);
  return [`failed: ${printable(nameOf(test))}`, ...shown.map((line) => `  ${printable(line)}`)];
}

function reasonsOf(skipped: Tally['skipped'], lackOf: typeof lackHere): string[] {
  const counts = new Map<string, number>();
  for (const test of skipped) {
    const reason = reasonOf(titlesOf(test), lackOf);
    counts.set(reason, (counts.get(reason) ?? 0) + 1);
  }
  const sorted = [...counts].sort(([, a], [, b]) => b - a);
  return sorted.map(([reason, count]) => `${count} skipped: ${reason}`);
}

/** Titles may end with the reason that the tests themselves found: `(network): the mirror cannot be reached`. */
function reasonOf(titles: readonly string[], lackOf: typeof lackHere): string {
  const needs = needsIn(titles);
  if (needs.length === 0) return 'not asked for, or for a reason of their own';
  const missing = needs.flatMap((name) => {
    const reason = lackOf(name);
    return reason === undefined ? [] : [{ name, reason }];
  });
  const found = titles.map((title) => /\): (.*)$/.exec(title)?.[1]).find((reason) => reason !== undefined);
  const lacking = missing.length > 0 ? missing : needs.map((name) => ({ name, reason: found ?? 'not here' }));
  const remedies = new Set(lacking.map(({ name }) => NEEDS[name]?.remedy));
  const names = lacking.map(({ name }) => name).join(', ');
  const reasons = new Set(lacking.map(({ reason }) => reason));
  return `need ${names}: ${[...reasons].join(', ')}\n  remedy: ${[...remedies].join('; ')}`;
}

const lacks = new Map<string, string | undefined>();

/** Once a run: some of it starts a program. */
function lackHere(name: string): string | undefined {
  if (!lacks.has(name)) lacks.set(name, NEEDS[name]?.lack());
  return lacks.get(name);
}
