import type { ErrorEntry } from './coded-error.ts';

/** The entry of every catalogue for a limit that `isLimit` finds. */
export const RESOURCES_EXHAUSTED: ErrorEntry = {
  meaning:
    'The machine, or a limit of the shell, allows no further open file, process or memory. With fewer than some 22 open files, Node crashes before it can report this.',
  remedy: 'Raise the limits and run it again: ulimit -n 4096; ulimit -u unlimited; ulimit -v unlimited',
};

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
  'ERR_WORKER_INIT_FAILED',
  'ERR_WORKER_OUT_OF_MEMORY',
]);

/** Whether an error is a limit of the machine, so that neither a file nor a program is at fault. */
export function isLimit(cause: unknown): cause is Error {
  if (!(cause instanceof Error)) return false;
  const { code } = cause as NodeJS.ErrnoException;
  // A buffer and a module of WebAssembly that find no memory have no code of their own.
  return (
    LIMITS.has(code) ||
    (cause instanceof RangeError &&
      /allocation failed|Out of memory|could not allocate memory/.test(cause.message))
  );
}
