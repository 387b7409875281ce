import { CodedError, type ErrorCatalogue } from '@qemu-user-static/errors';

/** The errors of sources.json and sources.lock.json. */
export const LOCK_ERRORS = {
  SOURCES_INVALID: {
    meaning: 'sources.json cannot be read, or says something that is not understood.',
    remedy: 'Fix sources.json; docs/lock-file.md describes it.',
  },
  LOCK_MISSING: {
    meaning: 'The checkout does not have a sources.lock.json.',
    remedy: 'Restore it from the repository, or run `npm run update` to make one.',
  },
  LOCK_INVALID: {
    meaning: 'sources.lock.json cannot be read, or says something that is not understood.',
    remedy:
      'Do not edit it by hand. Restore it: `git checkout sources.lock.json`. If it is of an older version of this project, make a new one: `rm sources.lock.json && npm run update`.',
  },
  LOCK_UNREADABLE: {
    meaning:
      'The archive has something that the lock cannot describe, such as a version of an unknown form. The lock was not changed.',
    remedy:
      'Wait for another version of the package that the message names, or report it as a bug: `npm run update -- --check` shows it again.',
  },
  RELEASE_OLDER: {
    meaning: 'A mirror has an older Release of a suite than the one the lock was made from.',
    remedy: 'Choose a mirror that is up to date. An old Release may hide a fix from you on purpose.',
  },
  CHANNEL_UNKNOWN: {
    meaning: 'A channel was asked for that the lock does not have.',
    remedy: 'Name a channel of sources.json; after adding one there, run `npm run update`.',
  },
} as const satisfies ErrorCatalogue;

export type LockErrorCode = keyof typeof LOCK_ERRORS;

export class LockError extends CodedError<LockErrorCode> {
  constructor(code: LockErrorCode, message: string, cause?: unknown) {
    super(LOCK_ERRORS, code, message, cause);
  }
}
