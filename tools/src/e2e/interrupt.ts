import { $ } from 'zx';

/**
 * Ctrl-C and SIGTERM from now on abort the signal that is given, and end the commands that are run by zx: what is
 * awaited fails, and so what is begun is taken away as after any failure.
 */
export function abortOnInterrupt(): AbortSignal {
  const interrupt = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => interrupt.abort(signal));
  $.signal = interrupt.signal;
  return interrupt.signal;
}

/** Lets zx run commands again: those that take away what was begun. */
export function runAfterInterrupt(): void {
  $.signal = new AbortController().signal;
}
