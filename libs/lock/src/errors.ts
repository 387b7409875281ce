import { CodedError, type ErrorCatalogue } from '@qemu-user-static/errors';

/** The errors of sources.json and sources.lock.json. */
export const LOCK_ERRORS = {
  SOURCES_INVALID: {
    meaning: 'sources.json cannot be read, or has a wrong field.',
    remedy:
      'Correct the field that the message names (docs/lock-file.md describes each), or restore the file: `git checkout sources.json`.',
  },
  LOCK_MISSING: {
    meaning: 'The checkout does not have a sources.lock.json.',
    remedy: 'Restore it from the repository, or run `npm run update` to make one.',
  },
  LOCK_INVALID: {
    meaning: 'sources.lock.json cannot be read, or was changed by hand.',
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
    remedy:
      'An old Release may hide a fix from you on purpose. Choose a mirror that is up to date: export DEBIAN_MIRROR=http://ftp.debian.org/debian',
  },
  CHANNEL_UNKNOWN: {
    meaning: 'The lock does not have the requested channel.',
    remedy: 'Name a channel of sources.json; after adding one there, run `npm run update`.',
  },
} as const satisfies ErrorCatalogue;

export type LockErrorCode = keyof typeof LOCK_ERRORS;

export class LockError extends CodedError<LockErrorCode> {
  constructor(code: LockErrorCode, message: string, cause?: unknown) {
    super(LOCK_ERRORS, code, message, cause);
  }
}
