import type { Area } from './areas.ts';
import type { Mutant } from './mutant.ts';

/** The result of a run in one folder. */
export interface Score {
  readonly name: string;
  readonly altered: number;
  readonly noticed: number;
  /** Survivors that are listed, with the reason why no test can notice them. */
  readonly accepted: number;
  readonly least: number;
}

export function scoreOf(
  { name, least }: Area,
  mutants: readonly Mutant[],
  left: number,
  accepted: number,
): Score {
  return { name, least, altered: mutants.length, noticed: mutants.length - left - accepted, accepted };
}

/** Of 100 alterations that tests can notice, so many they do; cut off after one decimal, so that 90.0 is enough for 90. */
export function percentOf({ altered, noticed, accepted }: Score): number {
  const noticeable = altered - accepted;
  return noticeable === 0 ? 100 : Math.floor((1000 * noticed) / noticeable) / 10;
}

export const isTooLow = (score: Score): boolean => percentOf(score) < score.least;

const HEAD = ['folder', 'altered', 'noticed', 'accepted', 'left', 'score', 'at least'];
const BEGIN = '<!-- scores: `npm run mutants -- --save` writes this table -->';
const END = '<!-- /scores -->';

function rowOf(score: Score): string[] {
  const { name, altered, noticed, accepted, least } = score;
  const left = altered - noticed - accepted;
  return [name, altered, noticed, accepted, left, `${percentOf(score).toFixed(1)} %`, `${least} %`].map(
    String,
  );
}

const asLine = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;

/** The page with the rows of these folders; other folders keep theirs, and those that are gone lose them. */
export function withScores(page: string, scores: readonly Score[], names: readonly string[]): string {
  const [before = '', rest] = page.split(BEGIN);
  const [table = '', after] = rest?.split(END) ?? [];
  if (after === undefined) throw new Error(`docs/testing.md has no lines ${BEGIN} and ${END}`);
  const rows = new Map(
    table
      .split('\n')
      .filter((line) => line.startsWith('| '))
      .map((line) => [line.split('|')[1]?.trim() ?? '', line]),
  );
  for (const score of scores) rows.set(score.name, asLine(rowOf(score)));
  const lines = names.flatMap((name) => rows.get(name) ?? []);
  return `${before}${BEGIN}\n\n${[asLine(HEAD), `|${'---|'.repeat(HEAD.length)}`, ...lines].join('\n')}\n\n${END}${after}`;
}
