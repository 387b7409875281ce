import { GUEST_NAMES, type GuestName, guest as rowOfTable } from '@qemu-user-static/arch-table';
import { figure } from '../bench/report.ts';
import type { Accepted } from './accepted.ts';
import { failingElsewhere } from './page-failures.ts';
import { find, nameOf, score, table, targetsOf } from './page-tables.ts';
import { type ColumnResults, isUsual, type Results } from './results.ts';
import { slowDowns, WORK } from './slow-down.ts';
import { LINKINGS } from './targets.ts';

const CHECKS = ['static', 'dynamic'] as const;

/** How many cases of the C programs passed, by guest. */
export function checks(columns: readonly ColumnResults[]): string {
  const kinds = CHECKS.filter((kind) => targetsOf(columns, [kind]).length > 0);
  const rows = targetsOf(columns, kinds).map(({ target, guest }) => [
    target === guest ? target : `${target} (${guest})`,
    ...columns.map((column) => scores(column, target, kinds)),
  ]);
  if (rows.length === 0) return '';
  return `## C checks, by guest

Cases that passed, of those that were run, of the ${kinds.join(' program, then the ')} one. The measured cases ran under the newest version
only. [What fails](#what-fails-and-why) names the others.

${table(['guest', ...columns.map(nameOf)], rows)}
`;
}

/** One word for programs that end alike, and none for one that was not run. */
function scores(column: ColumnResults, target: string, kinds: readonly (typeof CHECKS)[number][]): string {
  const rows = kinds.flatMap((kind) => find(column, target, kind) ?? []);
  return [...new Set(rows.map(score))].join(', ') || '–';
}

/** Slow-down of each guest. */
export function slow(results: Results): string {
  const names = Object.keys(WORK).filter((name) => results.native[name] !== undefined);
  const [column] = results.columns;
  if (names.length === 0 || column === undefined) return '';
  const rows = slowDowns(results, column).map(({ target, times }) => [
    target,
    ...names.map((name) => figure(times[name] ?? null)),
  ]);
  return `## How slow

CPU time under QEMU ${column.version} as a multiple of the native program's, by kind of work. The chart has the same.

![Slow-down of each guest by kind of work](conformance.svg)

${table(['guest', ...names.map((name) => WORK[name] ?? name)], rows)}
`;
}

/** The same checks on hosts beside the usual one. */
export function elsewhere(results: Results, accepted: Accepted): string {
  const columns = results.columns.filter((column) => !isUsual(column));
  const rows = targetsOf(columns, CHECKS).map(({ target }) => [
    target,
    ...columns.map((column) =>
      scores(
        column,
        target,
        CHECKS.filter((kind) => targetsOf([column], [kind]).length > 0),
      ),
    ),
  ]);
  if (rows.length === 0) return '';
  const heads = columns.map(({ version, platform }) => `${version}, ${platform}`);
  return `## On other hosts

The same checks, of some guests, under the emulators that images for other hosts have. Those of linux/386 run on the machine
itself, others under the emulator of their CPU. Guests that a 32-bit host's package lacks are from \`oldstable\`, as in the images.

${table(['guest', ...heads], rows)}

${failingElsewhere(results, accepted)}`;
}

/** How many cases of the programs without a C library passed, by guest. */
export function freestanding(columns: readonly ColumnResults[]): string {
  const rows = targetsOf(columns, ['freestanding']).map(({ target }) => [
    target,
    rowOfTable(target as GuestName).debian.join(', '),
    ...columns.map((column) => {
      const row = find(column, target, 'freestanding');
      return row === undefined ? '–' : score(row);
    }),
  ]);
  if (rows.length === 0) return '';
  return `## Guests without a C library

Debian 13 has a compiler for these and no C library. They run a program that needs none (\`--case freestanding\`): the
instructions that a compiler makes, memory, and a few system calls. Signals, threads and files are not checked.

${table(['guest', 'Debian', ...columns.map(nameOf)], rows)}
`;
}

/** Guests that have no more than a probe. */
export function probes(columns: readonly ColumnResults[]): string {
  const compiled = new Set(targetsOf(columns, LINKINGS).map(({ guest }) => guest));
  const rows = GUEST_NAMES.filter((name) => !compiled.has(name)).flatMap((name) => {
    const cells = columns.map((column) => {
      const row = find(column, name, 'probe');
      if (row === undefined) return '–';
      return row.passed === 1 ? 'ok' : `**${Object.values(row.others)[0]?.outcome}**`;
    });
    return cells.every((one) => one === '–') ? [] : [[name, rowOfTable(name).debian.join(', '), ...cells]];
  });
  if (rows.length === 0) return '';
  return `## Guests that only ran the probe

Debian 13 has no compiler for these, so no check above says anything about them. They have the table's probe: a few
instructions that end with a status. It shows that the emulator starts, and no more.

${table(['guest', 'Debian', ...columns.map(nameOf)], rows)}
`;
}
