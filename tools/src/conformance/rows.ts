import type { Case } from './cases.ts';
import type { CaseResult } from './outcome.ts';
import type { Kind, RowResults } from './results.ts';

/** A case or a workload, and how it ended. */
export interface Tried<C extends Measured = Measured> {
  readonly case: C;
  readonly result: CaseResult;
}

export type Measured = Pick<Case, 'name' | 'work'>;

/** A row of the matrix, of its cases. */
export function rowOf(target: string, guest: string, kind: Kind, tried: readonly Tried[]): RowResults {
  const others = tried.filter(({ result }) => result.outcome !== 'pass');
  return {
    ...{ target, guest, kind },
    passed: tried.length - others.length,
    seconds: round(tried.reduce((sum, { result }) => sum + result.wall, 0)),
    others: Object.fromEntries(
      others.map(({ case: { name }, result: { outcome, detail } }) => [name, { outcome, detail }]),
    ),
    work: workOf(tried),
  };
}

/** Seconds of CPU time of those that are measured and passed. */
export function workOf(tried: readonly Tried[]): Record<string, number> {
  return Object.fromEntries(
    tried
      .filter(({ case: { work }, result }) => work && result.outcome === 'pass')
      .map(({ case: { name }, result }) => [name, round(result.cpu)]),
  );
}

const round = (value: number) => Math.round(value * 1000) / 1000;
