import { isLimit } from '@qemu-user-static/errors';
import { ArchiveError, type ArchiveErrorCode } from './errors.ts';

/**
 * The error for a failure of the system: `code`, unless the cause is a limit of the machine. Then the file, the program
 * or the connection is not at fault, and its remedy would mislead.
 */
export function systemError(code: ArchiveErrorCode, message: string, cause: unknown): ArchiveError {
  return new ArchiveError(isLimit(cause) ? 'RESOURCES_EXHAUSTED' : code, message, cause);
}

/** A module that is loaded when it is needed: by then the program may hold every file it may open. */
export async function loading<T>(module: Promise<T>): Promise<T> {
  return module.catch((cause: unknown) => {
    throw isLimit(cause) ? new ArchiveError('RESOURCES_EXHAUSTED', cause.message, cause) : cause;
  });
}
