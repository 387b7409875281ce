import { setTimeout as sleep } from 'node:timers/promises';
import { ArchiveError, type ArchiveErrorCode } from './errors.ts';
import { HttpStatusError } from './http.ts';

/** Delays in milliseconds. */
export interface RetryPolicy {
  /** How often in all a thing is tried without any progress. */
  readonly attempts: number;
  /** Doubled after each attempt. */
  readonly firstDelay: number;
  /** A server that asks for a longer pause is taken as one that refuses. */
  readonly longestDelay: number;
}

export const PATIENT: RetryPolicy = { attempts: 5, firstDelay: 500, longestDelay: 60_000 };

const PASSING: ReadonlySet<ArchiveErrorCode> = new Set([
  'HOST_NOT_FOUND',
  'CONNECTION_FAILED',
  'CONNECTION_DROPPED',
  'CONNECTION_TIMEOUT',
  'HTTP_FAILED',
]);

/**
 * How long to wait before trying again; null if it is no use. `failures` counts from 1, `random` is in
 * [0, 1): half of each delay is left to chance, so that many clients do not come back all at once.
 */
export function delayAfter(
  error: unknown,
  failures: number,
  policy: RetryPolicy,
  random: number,
): number | null {
  if (!(error instanceof ArchiveError) || !PASSING.has(error.code) || failures >= policy.attempts)
    return null;
  const backoff = Math.min(policy.longestDelay, policy.firstDelay * 2 ** (failures - 1));
  const asked = error instanceof HttpStatusError ? (error.retryAfter ?? 0) : 0;
  return asked > policy.longestDelay ? null : Math.max(asked, (backoff * (1 + random)) / 2);
}

/**
 * Runs `attempt` until it succeeds or trying again is no use. `progressed` tells the loop that an attempt
 * got somewhere: a long download over a bad line may drop more often than `policy.attempts`.
 */
export async function withRetries<T>(
  attempt: (progressed: () => void) => Promise<T>,
  policy: RetryPolicy,
  signal: AbortSignal | undefined,
  onRetry: (error: ArchiveError, delay: number) => void,
): Promise<T> {
  let failures = 0;
  const progressed = () => {
    failures = 0;
  };
  while (true) {
    try {
      return await attempt(progressed);
    } catch (error) {
      failures += 1;
      const delay = delayAfter(error, failures, policy, Math.random());
      if (delay === null) throw error;
      onRetry(error as ArchiveError, delay);
      await sleep(delay, undefined, signal && { signal }).catch(() => signal?.throwIfAborted());
    }
  }
}
