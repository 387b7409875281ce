/** The limits of a body. Without one, it is not limited. */
export interface Bounds {
  readonly bytes?: number | undefined;
  /** Milliseconds from the first read to the last, however the bytes arrive. See {@link transferMs}. */
  readonly ms?: number | undefined;
  /** The same, but the time grows by what the bytes that have arrived need at 16 KiB a second: for an unknown size. */
  readonly graceMs?: number | undefined;
}

/** Which limit a body has broken. */
export type Exceeded = 'bytes' | 'ms';

/** No connection worth using is slower: 16 KiB a second. */
const SLOWEST_BYTES_PER_MS = 16.384;
/** A longer timer would fire at once: https://nodejs.org/api/timers.html#settimeoutcallback-delay-args */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** How long so many bytes may take in all, in milliseconds: a grace, and their time at 16 KiB a second. */
export function transferMs(bytes: number, graceMs: number): number {
  return Math.min(LONGEST_TIMER_MS, graceMs + bytes / SLOWEST_BYTES_PER_MS);
}

/**
 * The same bytes, for as long as they keep within the bounds. An idle time-out starts again with each byte, so a
 * server that sends one byte a minute holds a client for ever; the time here does not. A stream is destroyed when
 * its time is over, and its reader gets the error; any other source ends at its next piece. A reader that is too slow
 * is ended too.
 *
 * @throws what `exceeded` returns
 */
export async function* bounded(
  body: AsyncIterable<Uint8Array> & { destroy?(error: Error): unknown },
  { bytes = Number.POSITIVE_INFINITY, ms = Number.POSITIVE_INFINITY, graceMs }: Bounds,
  exceeded: (which: Exceeded) => Error,
): AsyncGenerator<Uint8Array> {
  const begun = performance.now();
  let received = 0;
  let late: Error | undefined;
  let timer: NodeJS.Timeout | undefined;
  const allowed = () => Math.min(ms, graceMs === undefined ? ms : transferMs(received, graceMs));
  const watch = () => {
    const left = begun + allowed() - performance.now();
    if (left > 0) {
      timer = setTimeout(watch, Math.min(left, LONGEST_TIMER_MS));
    } else {
      late = exceeded('ms');
      body.destroy?.(late);
    }
  };
  if (Number.isFinite(allowed())) watch();
  try {
    for await (const chunk of body) {
      if (late !== undefined) throw late;
      received += chunk.byteLength;
      if (received > bytes) throw exceeded('bytes');
      yield chunk;
    }
  } finally {
    clearTimeout(timer);
  }
}
