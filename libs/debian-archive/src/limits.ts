import { ArchiveError, type ArchiveErrorCode } from './errors.ts';

/** The codes of Node, its zlib and undici when the machine allows no more files, processes or memory. */
const LIMITS: ReadonlySet<unknown> = new Set([
  'EMFILE',
  'ENFILE',
  'EAGAIN',
  'ENOMEM',
  'Z_MEM_ERROR',
  'ZSTD_error_memory_allocation',
  'ERR_ZLIB_INITIALIZATION_FAILED',
  'ERR_MEMORY_ALLOCATION_FAILED',
]);

/**
 * The error for a failure of the system: `code`, unless the cause is a limit of the machine. Then the file, the program
 * or the connection is not at fault, and its remedy would mislead.
 */
export function systemError(code: ArchiveErrorCode, message: string, cause: unknown): ArchiveError {
  return new ArchiveError(isLimit(cause) ? 'RESOURCES_EXHAUSTED' : code, message, cause);
}

function isLimit(cause: unknown): boolean {
  if (!(cause instanceof Error)) return false;
  const { code } = cause as NodeJS.ErrnoException;
  // A buffer that finds no memory has no code of its own.
  return LIMITS.has(code) || (cause instanceof RangeError && /allocation failed/.test(cause.message));
}

/** A module that is loaded when it is needed: by then the program may hold every file it may open. */
export async function loading<T>(module: Promise<T>): Promise<T> {
  return module.catch((cause: unknown) => {
    throw isLimit(cause) ? new ArchiveError('RESOURCES_EXHAUSTED', (cause as Error).message, cause) : cause;
  });
}
