import type { ColumnResults, Results } from './results.ts';

/** The measured cases, as the chart calls them. */
export const WORK: Readonly<Record<string, string>> = {
  'work-integers': 'integers',
  'work-floats': 'floating point',
  'work-memory': 'memory',
  'work-text': 'text',
  'work-calls': 'system calls',
  'work-threads': 'threads',
  'work-programs': 'programs',
};

export interface SlowDown {
  readonly target: string;
  /** CPU time as a multiple of the native program's, by the name of the case. */
  readonly times: Readonly<Record<string, number>>;
}

/** Of the static programs of a column, in its order. */
export function slowDowns({ native }: Pick<Results, 'native'>, { rows }: ColumnResults): SlowDown[] {
  return rows
    .filter(({ kind, work }) => kind === 'static' && Object.keys(work).length > 0)
    .map(({ target, work }) => ({
      target,
      times: Object.fromEntries(
        Object.entries(work).flatMap(([name, seconds]) => {
          const own = native[name];
          return own === undefined || own === 0 ? [] : [[name, seconds / own]];
        }),
      ),
    }));
}
