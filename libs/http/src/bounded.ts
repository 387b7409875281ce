/** What a body may take. Left out: no limit. */
export interface Bounds {
  readonly bytes?: number | undefined;
  /** Milliseconds from the first read to the last, however the bytes arrive. See {@link transferMs}. */
  readonly ms?: number | undefined;
}

/** Which limit a body has broken. */
export type Exceeded = keyof Bounds;

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
 * its time is over; any other source ends at its next piece. What reads too slowly itself is also ended.
 *
 * @throws what `exceeded` returns
 */
export async function* bounded(
  body: AsyncIterable<Uint8Array> & { destroy?(error: Error): unknown },
  { bytes = Number.POSITIVE_INFINITY, ms }: Bounds,
  exceeded: (which: Exceeded) => Error,
): AsyncGenerator<Uint8Array> {
  let late: Error | undefined;
  const end = () => {
    late = exceeded('ms');
    body.destroy?.(late);
  };
  const timer = ms === undefined ? undefined : setTimeout(end, Math.min(ms, LONGEST_TIMER_MS));
  let received = 0;
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
