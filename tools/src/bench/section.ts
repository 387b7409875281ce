import type { Cost } from './cost.ts';

/** The results of one part of the benchmark: a table, and the claims of the project. */
export interface Section {
  readonly title: string;
  /** One sentence: what was done, to what. */
  readonly what: string;
  readonly columns: readonly string[];
  readonly rows: readonly Row[];
  readonly claims: readonly Claim[];
  /** How many times better a user is off than with what others run: the chart shows these. */
  readonly gains?: readonly Gain[];
  /** The next possible gains. */
  readonly next?: readonly string[];
}

export interface Row {
  readonly name: string;
  readonly values: readonly (number | null)[];
  /** The project's own: the chart shows it in another colour. */
  readonly ours: boolean;
}

/** A required ratio, and the measured one. */
export interface Claim {
  readonly what: string;
  readonly atLeast: number;
  readonly found: number;
}

export const COST_COLUMNS = ['wall s', 'CPU s', 'memory MB', 'times ours'] as const;

/** Rows of costs, each with its wall time as a multiple of the first, which is ours. */
export function costRows(named: readonly { name: string; ours: boolean; cost: Cost }[]): Row[] {
  const first = named[0]?.cost.wall ?? Number.NaN;
  return named.map(({ name, ours, cost: { wall, cpu, memory } }) => ({
    name,
    ours,
    values: [wall, cpu, memory, wall / first],
  }));
}

export type Gain = Pick<Claim, 'what' | 'found'>;

/** How a run is to be. */
export interface Effort {
  readonly repeat: number;
  /** Reports progress to the person who waits. */
  readonly note: (text: string) => void;
}
