import type { ColumnResults, Kind, RowResults } from './results.ts';

// What the parts of docs/conformance.md share.

const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;

export const table = (head: readonly string[], rows: readonly (readonly string[])[]) =>
  [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');

/** A column's head. */
export const nameOf = ({ channel, version }: ColumnResults) => `${version} \`${channel}\``;

/** Targets in the order of the first column that has them. */
export function targetsOf(columns: readonly ColumnResults[], kinds: readonly Kind[]): RowResults[] {
  const rows = columns.flatMap((column) => column.rows).filter(({ kind }) => kinds.includes(kind));
  return [...new Map(rows.map((row) => [row.target, row])).values()];
}

export const find = ({ rows }: ColumnResults, target: string, kind: Kind) =>
  rows.find((row) => row.target === target && row.kind === kind);

/** `97/101`: cases that passed or that C libraries do without, of those that were run. */
export function score({ passed, others: all }: RowResults): string {
  const others = Object.values(all);
  const absent = others.filter(({ outcome }) => outcome === 'absent').length;
  if (others.some(({ outcome }) => outcome === 'skipped')) return 'does not start';
  return others.length === absent ? 'ok' : `${passed + absent}/${passed + others.length}`;
}
