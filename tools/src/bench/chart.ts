import { figure } from './report.ts';
import type { Results } from './results.ts';

const WIDTH = 840;
const LABEL = 420;
const BAR = 300;
const ROW = 26;
const TOP = 58;

/** Colours differ on white and on black, and by people who do not see red or green. */
export const STYLE = `text { font: 13px system-ui, sans-serif; fill: #24292f }
.title { font-weight: 600; font-size: 15px }
.note { fill: #57606a; font-size: 12px }
.bar { fill: #0969da }
.asked { stroke: #bf8700; stroke-width: 2 }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 } .note { fill: #9198a1 } .bar { fill: #4493f8 } .asked { stroke: #d29922 }
}`;

/** The claims as bars, each as a share of the largest, with a mark at what was asked for. */
export function asChart({ sections }: Results): string {
  const parts = Object.values(sections).filter(({ claims }) => claims.length > 0);
  const claims = parts.flatMap(({ claims }) => claims);
  const largest = Math.max(1, ...claims.flatMap(({ found, atLeast }) => [found, atLeast]));
  // From 1 to the largest, by their logarithms: 1.1 times and 20 times are both to be seen.
  const x = (ratio: number) => (BAR * Math.log(Math.max(1, ratio))) / Math.log(largest);
  const rows = claims.map(({ what, found, atLeast }, index) => {
    const y = TOP + index * ROW;
    const mark = LABEL + x(atLeast);
    return `<text x="${LABEL - 10}" y="${y + 13}" text-anchor="end">${escaped(what)}</text>
<rect class="bar" x="${LABEL}" y="${y}" width="${x(found).toFixed(1)}" height="18" rx="2"/>
<line class="asked" x1="${mark.toFixed(1)}" x2="${mark.toFixed(1)}" y1="${y - 3}" y2="${y + 21}"/>
<text x="${(LABEL + Math.max(x(found), x(atLeast)) + 8).toFixed(1)}" y="${y + 13}">${figure(found)} ×</text>`;
  });
  const height = TOP + claims.length * ROW + 34;
  const [first] = parts;
  const dates = [...new Set(parts.map(({ date }) => date))].join(', ');
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-label="Ratios of this project to what others run">
<style>${STYLE}</style>
<text class="title" x="12" y="24">How many times better than what others run</text>
<text class="note" x="12" y="42">Logarithmic, from 1. The mark is what was asked for.</text>
${rows.join('\n')}
<text class="note" x="12" y="${height - 12}">${escaped(`${dates}. ${first?.machine ?? ''}`)}</text>
</svg>
`;
}

export function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
