import { isLeft, type Mutant } from './mutant.ts';

/** A survivor that no test can notice, because the altered code does the same. */
export interface Accepted {
  readonly file: string;
  /** The line as it is in the file, without its indentation. */
  readonly code: string;
  /** The replacement, as the run prints it. */
  readonly becomes: string;
  readonly reason: string;
}

const keyOf = ({ file, code, becomes }: Pick<Accepted, 'file' | 'code' | 'becomes'>) =>
  JSON.stringify([file, code, becomes]);

/** Parts the survivors into those that are accepted and those that tests should notice. */
export function sortOut(mutants: readonly Mutant[], accepted: readonly Accepted[]) {
  const keys = new Set(accepted.map(keyOf));
  const left = mutants.filter(isLeft);
  return {
    accepted: left.filter((mutant) => keys.has(keyOf(mutant))),
    left: left.filter((mutant) => !keys.has(keyOf(mutant))),
  };
}

/**
 * Entries that are out of date: the code has changed, or a test notices the alteration.
 * @param mutants of every file that ran
 */
export function outOfDate(mutants: readonly Mutant[], accepted: readonly Accepted[]): Accepted[] {
  const ran = new Set(mutants.map(({ file }) => file));
  const survivors = new Set(mutants.filter(isLeft).map(keyOf));
  return accepted.filter((entry) => ran.has(entry.file) && !survivors.has(keyOf(entry)));
}
