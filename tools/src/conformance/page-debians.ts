import { figure } from '../bench/report.ts';
import { SUITES } from './debians.ts';
import { find, nameOf, table, targetsOf } from './page-tables.ts';
import type { ColumnResults, Kind, Results, RowResults } from './results.ts';

const DEBIANS: readonly Kind[] = ['libc-bin', 'debian'];

const rowsOf = (column: ColumnResults, target: string) =>
  DEBIANS.flatMap((kind) => find(column, target, kind) ?? []);

const namesOf = ({ others, work }: RowResults) =>
  [...Object.keys(others), ...Object.keys(work)].filter((name) => others[name]?.outcome !== 'skipped');

/** For the person who wants a version: of each guest, what fails under which. */
export function choice(columns: readonly ColumnResults[]): string {
  const rows = targetsOf(columns, DEBIANS).map(({ target, guest }) => [
    `[${target}](#programs-of-${target})${target === guest ? '' : `, ${guest}`}`,
    ...columns.map((column) => failed(rowsOf(column, target))),
  ]);
  return rows.length === 0 ? '' : `${table(['guest', ...columns.map(nameOf)], rows)}\n`;
}

function failed(rows: readonly RowResults[]): string {
  const names = rows.flatMap(namesOf);
  const others = rows.flatMap(({ others }) =>
    Object.entries(others).filter(([, { outcome }]) => outcome !== 'skipped'),
  );
  if (others.some(([name]) => name === 'start')) return '**nothing starts**';
  if (names.length === 0) return '–';
  const bad = others.map(([name, { outcome, detail }]) => `**${name}** ${counted(detail) ?? outcome}`);
  return bad.length === 0 ? `${names.length} of ${names.length} pass` : bad.join(', ');
}

/** `4 of 100`, of one that fails in some runs. */
function counted(detail: string): string | undefined {
  const [, count] = /^failed in (\d+ of \d+) runs/.exec(detail) ?? [];
  return count;
}

/** A table for each guest: seconds where a program passed. */
export function debians({ columns, cases }: Pick<Results, 'columns' | 'cases'>): string {
  const targets = targetsOf(columns, DEBIANS);
  if (targets.length === 0) return '';
  const all = columns
    .flatMap(({ rows }) => rows.filter(({ kind }) => DEBIANS.includes(kind)))
    .flatMap(namesOf);
  const ran = Object.keys(cases).filter((name) => all.includes(name) && name !== 'start');
  const guests = targets.map(({ target }) => {
    const own = columns.flatMap((column) => rowsOf(column, target)).flatMap(namesOf);
    const lines = ran
      .filter((name) => own.includes(name))
      .map((name) => [`\`${name}\``, ...columns.map((column) => cell(rowsOf(column, target), name))]);
    return `### Programs of ${target}\n\n${table(['program', ...columns.map(nameOf)], lines)}\n`;
  });
  const words = ran.map((name) => [`\`${name}\``, cases[name] ?? '']);
  return `## Programs in small Debians

A number is the seconds of CPU time of one that passed; a word is how it ended otherwise. A dash: not run.
Packages are of Debian ${suites(columns)}; \`ldconfig-…\` has its release in its name.

${table(['program', 'what it does'], words)}

${guests.join('\n')}`;
}

/** `trixie (arm64, armhf), bookworm (s390x)`. */
function suites(columns: readonly ColumnResults[]): string {
  const targets = targetsOf(columns, ['debian']).map(({ target }) => target);
  const names = new Set(targets.map((target) => SUITES[target] ?? ''));
  return [...names]
    .map((suite) => `${suite} (${targets.filter((target) => SUITES[target] === suite).join(', ')})`)
    .join(', ');
}

function cell(rows: readonly RowResults[], name: string): string {
  const [seconds] = rows.flatMap(({ work }) => work[name] ?? []);
  if (seconds !== undefined) return `${figure(seconds)} s`;
  const [other] = rows.flatMap(({ others }) => others[name] ?? []);
  if (other === undefined || other.outcome === 'skipped') return '–';
  const count = counted(other.detail);
  return count === undefined ? `**${other.outcome}**` : `**${count} fail**`;
}
