import { escaped, STYLE } from '../bench/chart.ts';
import { figure } from '../bench/report.ts';
import type { Results } from './results.ts';
import { slowDowns, WORK } from './slow-down.ts';

const LABEL = 80;
const CELL = 108;
const BAR = 62;
const ROW = 20;
const TOP = 78;

/** A row for each guest and a column for each kind of work: how many times the native program's CPU time. */
export function asSlowDownChart(results: Results): string {
  const { native, columns, date, machine } = results;
  const names = Object.keys(WORK).filter((name) => native[name] !== undefined);
  const [column] = columns;
  const rows = column === undefined ? [] : slowDowns(results, column);
  const largest = Math.max(2, ...rows.flatMap(({ times }) => Object.values(times)));
  // From 1 to the largest, by their logarithms.
  const length = (times: number) => (BAR * Math.log(Math.max(1, times))) / Math.log(largest);
  const width = LABEL + names.length * CELL + 12;
  const height = TOP + rows.length * ROW + 30;
  const heads = names.map(
    (name, index) =>
      `<text class="note" x="${LABEL + index * CELL}" y="${TOP - 10}">${escaped(WORK[name] ?? name)}</text>`,
  );
  const lines = rows.map(({ target, times }, row) => {
    const y = TOP + row * ROW;
    const bars = names.map((name, index) => {
      const value = times[name];
      if (value === undefined) return '';
      const x = LABEL + index * CELL;
      return `<rect class="bar" x="${x}" y="${y}" width="${Math.max(1, length(value)).toFixed(1)}" height="13" rx="2"/>
<text class="note" x="${(x + Math.max(1, length(value)) + 4).toFixed(1)}" y="${y + 11}">${figure(value)}</text>`;
    });
    return `<text x="${LABEL - 8}" y="${y + 11}" text-anchor="end">${escaped(target)}</text>\n${bars.join('\n')}`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="Slow-down of each guest by kind of work">
<style>${STYLE}</style>
<text class="title" x="12" y="24">How many times the native CPU time, under QEMU ${escaped(column?.version ?? '')}</text>
<text class="note" x="12" y="42">Logarithmic, from 1.</text>
${[...heads, ...lines].join('\n')}
<text class="note" x="12" y="${height - 10}">${escaped(`${date}. ${machine}`)}</text>
</svg>
`;
}
