import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { USUAL_FLAGS } from './registering.ts';

/** A check, as the command line names it. */
export interface Case {
  readonly name: string;
  /** What it does, in a few words. */
  readonly what: string;
  /** Letters of the registration that it needs. https://docs.kernel.org/admin-guide/binfmt-misc.html */
  readonly flags: string;
  /** Seconds after which it counts as hung. */
  readonly limit: number;
  /** Measured beside the native program. */
  readonly work: boolean;
}

const FLAGS: Readonly<Record<string, string>> = { argv0: 'FP', setuid: 'OCF' };

/** Fifty times what they take: a busy machine is no hang. */
const LIMIT = 90;
const WORK_LIMIT = 300;

/** Every other case needs that a program begins and ends; if it does not, they are not tried. */
export const START: Case = {
  name: 'start',
  what: 'the program begins, and ends with a status',
  flags: USUAL_FLAGS,
  limit: LIMIT,
  work: false,
};

/** The program of the table, of a few instructions: for guests without a compiler the only case. */
export const PROBE: Case = {
  name: 'probe',
  what: 'a few instructions end with a status',
  flags: USUAL_FLAGS,
  limit: LIMIT,
  work: false,
};

/** Those of programs/cases.h, in its order. */
export const CASES: readonly Case[] = [START, ...casesIn('programs')];

/** Those of programs without a C library. */
export const FREESTANDING_CASES: readonly Case[] = [START, ...casesIn('freestanding')];

function casesIn(folder: string): Case[] {
  const list = readFileSync(join(import.meta.dirname, folder, 'cases.h'), 'utf8');
  return Array.from(
    list.matchAll(/^CASE\("([\w-]+)", \w+, "(.+)"\)$/gm),
    ([, name = '', what = '']): Case => {
      const work = name.startsWith('work-');
      return { name, what, flags: FLAGS[name] ?? USUAL_FLAGS, limit: work ? WORK_LIMIT : LIMIT, work };
    },
  );
}

/** The words that a program gets for a case. */
export function wordsOf({ name }: Case): string[] {
  return name === START.name ? ['@status', '0'] : [name];
}
