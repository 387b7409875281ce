import { constants } from 'node:os';
import { printable } from '@qemu-user-static/errors';
import type { Ended } from './namespace.ts';

/** How a case ended. */
export type Outcome =
  | 'pass'
  /** The emulator does not have the system call (ENOSYS), and C libraries do without it. */
  | 'absent'
  /** A wrong result. */
  | 'fail'
  /** The program or the emulator ended by a signal. */
  | 'crash'
  /** It did not end within its limit. */
  | 'hang'
  /** It failed in a tenth of its runs or less: a count of it means something, one run does not. */
  | 'unstable'
  /** It was not run, for the program does not start. */
  | 'skipped';

/** What is known of a case under one emulator. */
export interface CaseResult {
  readonly outcome: Outcome;
  /** Seconds from beginning to end. */
  readonly wall: number;
  /** Seconds of user and system time. */
  readonly cpu: number;
  /** What the program or the emulator said; empty if it passed. */
  readonly detail: string;
}

/** Exit status of a check for a system call that is not there. */
const ABSENT = 77;

/** Statuses above this are signals. (bash(1), EXIT STATUS) */
const SIGNALLED = 128;

/** Characters of what a program said that are kept. */
const LONGEST = 300;

/** @param expected the exit status of success */
export function resultOf(
  { status, wall, cpu, stderr, where = '' }: Ended,
  limit: number,
  expected = 0,
): CaseResult {
  const result = (outcome: Outcome, ...words: string[]): CaseResult => ({
    outcome,
    wall,
    cpu,
    detail: printable(words.filter((word) => word !== '').join(': ')).slice(0, LONGEST),
  });
  const lines = stderr.trim().split('\n');
  // An emulator that fails says why first, and describes its state after it.
  const said = (lines.length > 3 ? lines[0] : lines.join('; ')) ?? '';
  if (status === expected) return result('pass');
  if (status === undefined) {
    const place = where === '' ? '' : ` in ${where}`;
    return result('hang', `not ended after ${limit} s${place}`, lines.at(-1) ?? '');
  }
  if (status === ABSENT) return result('absent', said);
  if (status > SIGNALLED) return result('crash', signalName(status - SIGNALLED), said);
  return result('fail', status === 1 ? '' : `ended with status ${status}`, said);
}

/**
 * Of a case that fails in some runs: how often. What fails seldom is reported with its number and stops nothing, for the next
 * count is another; what fails more often is a failure like others.
 */
export function countedResult(failed: number, runs: number, last: CaseResult): CaseResult {
  const detail = `failed in ${failed} of ${runs} runs: ${last.outcome}: ${last.detail}`;
  return { ...last, outcome: failed * SELDOM <= runs ? 'unstable' : last.outcome, detail };
}

const SELDOM = 10;

function signalName(number: number): string {
  const [name] = Object.entries(constants.signals).find(([, value]) => value === number) ?? [];
  return name ?? `signal ${number}`;
}

/** Whether a case does what it should, or does without. */
export function isFine({ outcome }: Pick<CaseResult, 'outcome'>): boolean {
  return outcome === 'pass' || outcome === 'absent';
}
