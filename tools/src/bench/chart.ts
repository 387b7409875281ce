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
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 } .note { fill: #9198a1 } .bar { fill: #4493f8 }
}`;

/** What users gain as bars. From 1 to the largest, by their logarithms: 1.1 times and 20 times are both to be seen. */
export function asChart({ sections }: Results): string {
  const parts = Object.values(sections).filter(({ gains = [] }) => gains.length > 0);
  const gains = parts.flatMap((part) => part.gains ?? []);
  const largest = Math.max(2, ...gains.map(({ found }) => found));
  const rows = gains.map(({ what, found }, index) => {
    const y = TOP + index * ROW;
    const width = (BAR * Math.log(Math.max(1, found))) / Math.log(largest);
    return `<text x="${LABEL - 10}" y="${y + 13}" text-anchor="end">${escaped(what)}</text>
<rect class="bar" x="${LABEL}" y="${y}" width="${width.toFixed(1)}" height="18" rx="2"/>
<text x="${(LABEL + width + 8).toFixed(1)}" y="${y + 13}">${figure(found)} ×</text>`;
  });
  const height = TOP + gains.length * ROW + 34;
  const [first] = parts;
  const dates = [...new Set(parts.map(({ date }) => date))].join(', ');
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-label="How many times sooner emulators are ready">
<style>${STYLE}</style>
<text class="title" x="12" y="24">How many times sooner emulators are ready</text>
<text class="note" x="12" y="42">docker pull and registering, nothing there before. Logarithmic, from 1.</text>
${rows.join('\n')}
<text class="note" x="12" y="${height - 12}">${escaped(`${dates}. ${first?.machine ?? ''}`)}</text>
</svg>
`;
}

export function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
