import { GUEST_NAMES, type GuestName, guest as rowOfTable } from '@qemu-user-static/arch-table';
import { figure } from '../bench/report.ts';
import { PROJECT } from '../project-names.ts';
import { type Accepted, exceptionFor } from './accepted.ts';
import {
  type ColumnResults,
  failuresOf,
  type Kind,
  type Place,
  type Results,
  type RowResults,
} from './results.ts';
import { slowDowns, WORK } from './slow-down.ts';

const HEAD = `# Conformance: what each QEMU version runs

Output of \`npm run conformance -- --save\`; a test compares this page with docs/conformance.json. Every guest program below
ran under the emulators of each channel. \`npm run conformance -- --list\` prints the cases.

## I have a crash: which version do I take?

1. Find your version: \`docker run --rm --privileged ${PROJECT.image} --status\`, or \`qemu-aarch64 --version\`.
2. Find your guest in the tables. \`ok\` is a pass; a number such as 93/95 is the cases that passed; the case's name is in
   [What fails](#what-fails-and-why).
3. Take the tag of a column in which it passes, and register again:

\`\`\`sh
docker run --rm --privileged ${PROJECT.image}:stable --reset -p yes
\`\`\`

A version that is not here (such as 9.2) is in no channel: take the nearest column that passes. \`segfault in libc-bin\` (its
post-installation script runs \`ldconfig\`) are the rows \`ldconfig-…\` of [small Debians](#programs-in-small-debians).`;

/** docs/conformance.md, of the results and the accepted failures. */
export function asPage(results: Results, accepted: Accepted): string {
  const { columns, machine, programs, date } = results;
  return [
    HEAD + sound(columns),
    versions(columns),
    debians(results),
    checks(results),
    failing(results, accepted),
    slow(results),
    probes(results),
    `## How it was measured

${date}, ${machine}. ${programs}. Each case is a process of its own with a time limit, started as users start guest programs: by an
entry of binfmt_misc, with flag F, in a user namespace. A case that fails is run three times; \`unstable\` is one that then passed.
\`npm run conformance -- --guest arm64 --case threads\` runs one; \`--report CASE\` prints a bug report for QEMU's makers;
conformance.json has the accepted failures, and a release stops at a new one (docs/release.md).
`,
  ].join('\n');
}

/** For whom most of these crashes come to. */
function sound(columns: readonly ColumnResults[]): string {
  const tried = columns.flatMap((column) => {
    const row = find(column, 'arm64', 'libc-bin');
    return row === undefined ? [] : [{ column, failed: Object.keys(row.others) }];
  });
  const well = tried.filter(({ failed }) => failed.length === 0).map(({ column }) => nameOf(column));
  const failed = [...new Set(tried.flatMap((one) => one.failed))].map((name) => `\`${name}\``);
  if (tried.length === 0) return '\n';
  return failed.length === 0
    ? '\nFor arm64, all of them pass under every version here.\n'
    : `\nFor arm64, all of them pass under ${well.join(', ') || 'no version here'}; under others ${failed.join(', ')} fails at times.\n`;
}

const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
const table = (head: readonly string[], rows: readonly (readonly string[])[]) =>
  [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');

const nameOf = ({ channel, version, platform }: ColumnResults) =>
  platform === 'linux/amd64' ? `${version} \`${channel}\`` : `${version} \`${channel}\` on ${platform}`;

function versions(columns: readonly ColumnResults[]): string {
  const rows = columns.map(({ channel, version, debian, platform }) => [
    version,
    `\`${channel}\``,
    `\`${version}\``,
    debian,
    platform,
  ]);
  return `## Versions\n\n${table(['QEMU', 'channel', 'tag of the version', 'Debian package', 'host'], rows)}\n`;
}

/** Targets in the order of the first column that has them. */
function targetsOf(columns: readonly ColumnResults[], kinds: readonly Kind[]): RowResults[] {
  const rows = columns.flatMap((column) => column.rows).filter(({ kind }) => kinds.includes(kind));
  return [...new Map(rows.map((row) => [row.target, row])).values()];
}

const find = (column: ColumnResults, target: string, kind: Kind) =>
  column.rows.find((row) => row.target === target && row.kind === kind);

function checks({ columns }: Results): string {
  const kinds = (['static', 'dynamic'] as const).filter((kind) => targetsOf(columns, [kind]).length > 0);
  const rows = targetsOf(columns, kinds).map(({ target, guest }) => [
    `${target} (${guest})`,
    ...columns.map((column) => kinds.map((kind) => score(find(column, target, kind))).join(', ')),
  ]);
  if (rows.length === 0) return '';
  return `## C checks, by guest

Cases that passed, of those that were run (measured ones under the newest version only), of the ${kinds.join(', then the ')} program.
[What fails](#what-fails-and-why) names the others.

${table(['guest', ...columns.map(nameOf)], rows)}
`;
}

function score(row: RowResults | undefined): string {
  if (row === undefined) return '–';
  const others = Object.values(row.others);
  const absent = others.filter(({ outcome }) => outcome === 'absent').length;
  if (others.some(({ outcome }) => outcome === 'skipped')) return 'does not start';
  return others.length === absent ? 'ok' : `${row.passed + absent}/${row.passed + others.length}`;
}

const DEBIANS: readonly Kind[] = ['libc-bin', 'debian'];

function debians({ columns }: Results): string {
  const rows = targetsOf(columns, DEBIANS);
  if (rows.length === 0) return '';
  const of = (name: string, target: string, column: ColumnResults) =>
    cell(
      DEBIANS.flatMap((kind) => find(column, target, kind) ?? []),
      name,
    );
  const named = (row: RowResults) => [...Object.keys(row.others), ...Object.keys(row.work)];
  const ran = columns.flatMap((column) => column.rows.filter(({ kind }) => DEBIANS.includes(kind)));
  const lines = [...new Set(ran.flatMap(named))].flatMap((name) =>
    rows
      .filter(({ target }) => ran.some((row) => row.target === target && named(row).includes(name)))
      .map(({ target }) => [`\`${name}\``, target, ...columns.map((column) => of(name, target, column))]),
  );
  return `## Programs in small Debians

Seconds of CPU time where it passed.

${table(['workload', 'guest', ...columns.map(nameOf)], lines)}
`;
}

function cell(rows: readonly RowResults[], name: string): string {
  const [seconds] = rows.flatMap(({ work }) => work[name] ?? []);
  if (seconds !== undefined) return `ok, ${figure(seconds)} s`;
  const [other] = rows.flatMap(({ others }) => others[name] ?? []);
  if (other === undefined || other.outcome === 'skipped') return '–';
  return `**${other.outcome}**: ${other.detail.replaceAll('|', '\\|').slice(0, 60)}`;
}

function failing(results: Results, accepted: Accepted): string {
  const places = failuresOf(results);
  const groups = new Map<string, Place[]>();
  for (const place of places) {
    const because = exceptionFor(accepted, place);
    const reason = because
      ? `${because.fault}: ${because.because}${because.bug ? ` (<${because.bug}>)` : ''}`
      : 'not known';
    const key = JSON.stringify([place.case, reason]);
    groups.set(key, [...(groups.get(key) ?? []), place]);
  }
  const rows = [...groups].map(([key, group]) => {
    const [name, reason] = JSON.parse(key) as [string, string];
    return [`\`${name}\``, results.cases[name] ?? '', where(group, results), reason.replaceAll('|', '\\|')];
  });
  rows.sort(([a = ''], [b = '']) => a.localeCompare(b));
  return `## What fails, and why

${rows.length === 0 ? 'Nothing.' : table(['case', 'what it does', 'where it fails', 'why'], rows)}
`;
}

/** `10.0.13: alpha, sh4 (static)`; versions that fail alike are one. */
function where(places: readonly Place[], { columns }: Results): string {
  const byText = new Map<string, string[]>();
  for (const column of columns) {
    const own = places.filter(
      ({ channel, platform }) => channel === column.channel && platform === column.platform,
    );
    if (own.length === 0) continue;
    const targets = [...new Set(own.map(({ target }) => target))];
    const static_ = column.rows.filter(({ kind }) => kind === 'static').map(({ target }) => target);
    const everywhere = static_.length > 1 && static_.every((target) => targets.includes(target));
    const text = everywhere
      ? 'every guest'
      : targets.map((target) => withKind(target, own, column)).join(', ');
    const name =
      column.platform === 'linux/amd64' ? column.version : `${column.version} on ${column.platform}`;
    byText.set(text, [...(byText.get(text) ?? []), name]);
  }
  return [...byText].map(([text, names]) => `${names.join(', ')}: ${text}`).join('; ');
}

/** Without a word for the only kind that was run. */
function withKind(target: string, places: readonly Place[], { rows }: ColumnResults): string {
  const ran = rows.filter((row) => row.target === target && ['static', 'dynamic'].includes(row.kind));
  const kinds = places.filter((one) => one.target === target).map(({ kind }) => kind);
  return kinds.length === 1 && ran.length > 1 ? `${target} (${kinds[0]})` : target;
}

function slow(results: Results): string {
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

function probes({ columns }: Results): string {
  const withLibrary = new Set(targetsOf(columns, ['static', 'dynamic']).map(({ guest }) => guest));
  const guests = GUEST_NAMES.filter((name) => !withLibrary.has(name));
  const rows = guests.flatMap((name: GuestName) => {
    const cells = columns.map((column) => {
      const row = find(column, name, 'probe');
      return row === undefined
        ? '–'
        : row.passed === 1
          ? 'ok'
          : `**${Object.values(row.others)[0]?.outcome}**`;
    });
    return cells.every((one) => one === '–') ? [] : [[name, rowOfTable(name).debian.join(', '), ...cells]];
  });
  if (rows.length === 0) return '';
  return `## Guests that only ran the probe

The table's probe is a few instructions that end with a status. It says that the emulator starts, no more. Most of these guests
have no C library in Debian.

${table(['guest', 'Debian', ...columns.map(nameOf)], rows)}
`;
}
