import { expect, test } from 'vitest';
import { accept } from './accepted.ts';
import { CASES, PROBE } from './cases.ts';
import { asSlowDownChart } from './chart.ts';
import type { Outcome } from './outcome.ts';
import { asPage } from './page.ts';
import { merge, type RowResults } from './results.ts';
import { slowDowns, WORK } from './slow-down.ts';
import { column, results, row } from './testing/results.ts';

const FOUND = results(
  column(
    'latest',
    '11.1.3',
    row({ threads: 'crash' }, { work: { 'work-calls': 5 } }),
    row({}, { target: 's390x', guest: 's390x' }),
  ),
  column(
    'stable',
    '10.0.13',
    row({}),
    row({ start: 'hang', threads: 'skipped' }, { target: 's390x', guest: 's390x' }),
  ),
);
const ACCEPTED = accept({ schemaVersion: 1, exceptions: [] }, 'threads', 'QEMU: of its locks', FOUND);

test('the page has a line for each guest, a column for each version, and each failure with its reason', () => {
  const page = asPage(FOUND, ACCEPTED);
  expect(page).toContain('| guest | 11.1.3 `latest` | 10.0.13 `stable` |');
  expect(page).toContain('| arm64 (aarch64) | 2/3 | ok |');
  expect(page).toContain('| s390x | ok | does not start |');
  expect(page).toContain('| `threads` | eight threads | 11.1.3: arm64 | QEMU: of its locks |');
  expect(page).toContain('| `start` | it begins | 10.0.13: s390x | not known |');
});

test('cases that fail in the same places for the same reason are one line', () => {
  const found = results(column('latest', '11.1.3', row({ start: 'fail', threads: 'fail' })));
  const both = accept(
    accept({ schemaVersion: 1, exceptions: [] }, 'start', 'QEMU: of its locks', found),
    'threads',
    'QEMU: of its locks',
    found,
  );
  expect(asPage(found, both)).toContain(
    '| `start`, `threads` | it begins; eight threads | 11.1.3: arm64 | QEMU: of its locks |',
  );
});

test('small Debians have a table for each guest, and what fails of them leads the page', () => {
  const debian = row({ gcc: 'hang', node: 'skipped' }, { kind: 'debian', work: { ldconfig: 1.25 } });
  const found = results(
    column('latest', '11.1.3', debian),
    column('stable', '10.0.13', row({}, { kind: 'debian', work: { gcc: 2, ldconfig: 1 } })),
    column('oldstable', '7.2', row({ start: 'crash', gcc: 'skipped' }, { kind: 'debian' })),
  );
  const cases = { ldconfig: 'a cache of libraries', gcc: 'a compiler', node: 'a language' };
  const page = asPage({ ...found, cases }, ACCEPTED);
  expect(page).toContain(
    '| [arm64](#programs-of-arm64), aarch64 | **gcc** hang | 2 of 2 pass | **nothing starts** |',
  );
  expect(page).toContain('| `ldconfig` | 1.25 s | 1.00 s | – |\n| `gcc` | **hang** | 2.00 s | – |');
  expect(page).not.toContain('| `node` |');
});

test('what fails in some runs is a number, in the table that leads the page too', () => {
  const some = { outcome: 'unstable' as const, detail: 'failed in 4 of 100 runs: crash: SIGSEGV' };
  const libc = { ...row({}, { kind: 'libc-bin' }), others: { threads: some } };
  const page = asPage(results(column('latest', '11.1.3', libc)), ACCEPTED);
  expect(page).toContain('| [arm64](#programs-of-arm64), aarch64 | **threads** 4 of 100 |');
  expect(page).toContain('| `threads` | **4 of 100 fail** |');
});

test('whoever has a segfault in libc-bin on arm64 gets the tag of the newest version without one', () => {
  const libc = (name: string, version: string, others: Record<string, Outcome>) =>
    column(name, version, row(others, { kind: 'libc-bin', work: { start: 1 } }));
  const found = results(
    libc('latest', '11.1.3', { threads: 'unstable' }),
    libc('stable', '10.0.13', {}),
    libc('oldstable', '7.2', {}),
  );
  const page = asPage(found, ACCEPTED);
  expect(page).toMatch(/^docker run .*:stable --reset -p yes$/m);
  expect(page).toContain(
    'under 10.0.13 `stable`, 7.2 `oldstable` no run failed; under 11.1.3 `latest` `threads` fails',
  );
});

test('other hosts have a table of their own, with what fails there alone', () => {
  const on = (platform: string, ...rows: RowResults[]) => ({
    ...column('latest', '11.1.3', ...rows),
    platform,
  });
  const found = results(
    on('linux/amd64', row({ start: 'fail' })),
    on('linux/386', row({ start: 'fail', threads: 'hang' })),
  );
  const page = asPage(found, ACCEPTED);
  expect(page).toContain('| guest | 11.1.3, linux/386 |');
  expect(page).toContain('| `threads` | arm64 (11.1.3 on linux/386) | not known |');
  expect(page).not.toContain('| `start` | arm64 (11.1.3 on linux/386)');
});

test('slow-downs are multiples of the native CPU time, and drawn', () => {
  const [first] = FOUND.columns;
  expect(first && slowDowns(FOUND, first)).toEqual([{ target: 'arm64', times: { 'work-calls': 10 } }]);
  expect(asSlowDownChart(FOUND)).toContain('>10.0</text>');
});

test('saved results keep what a run left out, unless QEMU is another', () => {
  const more = results(column('latest', '11.1.3', row({}, { kind: 'dynamic' })));
  expect(merge(FOUND, more).columns.map(({ rows }) => rows.length)).toEqual([3, 2]);
  const other = results(column('latest', '11.1.3', row({}, { target: 'armhf', guest: 'arm' })));
  expect(merge(FOUND, other).columns[0]?.rows.map(({ target }) => target)).toEqual([
    'arm64',
    'armhf',
    's390x',
  ]);
  const newer = results(column('latest', '11.2.0', row({})));
  expect(merge(FOUND, newer).columns.map(({ version, rows }) => [version, rows.length])).toEqual([
    ['11.2.0', 1],
    ['10.0.13', 2],
  ]);
});

test('every case has a name of its own, and each measured one a place in the chart', () => {
  const names = [PROBE, ...CASES].map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  expect(names.length).toBeGreaterThan(90);
  expect(CASES.filter(({ work }) => work).map(({ name }) => name)).toEqual(Object.keys(WORK));
});
