import { nearest } from './nearest.ts';

/** The errors of this library, in the form of the project's catalogues (it imports nothing, not even their type). */
export const ARCH_ERRORS = {
  ARCH_UNKNOWN: {
    meaning: 'The table has no CPU, guest or platform of that name.',
    remedy:
      'Use a name of the table: QEMU’s (aarch64), OCI’s (linux/arm64), Debian’s (arm64), Go’s or that of `uname -m`.',
  },
} as const;

/** A name that the table does not have. `nearest` is the one that was probably meant. */
export class UnknownArchError extends Error {
  readonly code = 'ARCH_UNKNOWN';
  readonly nearest: string | null;
  readonly remedy: string;

  constructor(kind: string, name: string, known: readonly string[]) {
    super(`unknown ${kind} "${name}"`);
    this.name = 'UnknownArchError';
    this.nearest = nearest(name, known);
    this.remedy = this.nearest === null ? ARCH_ERRORS.ARCH_UNKNOWN.remedy : `Did you mean "${this.nearest}"?`;
  }
}
