import type { Clock } from './clock.ts';
import { RegistryError } from './errors.ts';
import type { OnEvent } from './events.ts';

/** How often and how slowly a request that failed for now is tried again. */
export interface RetryPolicy {
  /** How many times one thing is tried in all, before its error is final. */
  readonly attempts: number;
  /** The longest wait after the first failure; it doubles with each further one. */
  readonly firstDelayMs: number;
  readonly maxDelayMs: number;
  /** A registry that asks for a longer wait than this is not waited for. */
  readonly maxRetryAfterMs: number;
}

export const defaultRetryPolicy: RetryPolicy = {
  attempts: 6,
  firstDelayMs: 500,
  maxDelayMs: 20_000,
  maxRetryAfterMs: 120_000,
};

/**
 * Retry-After as milliseconds from now: a number of seconds or a date (RFC 9110, section 10.2.3).
 * `undefined` when there is none, or one that cannot be read.
 */
export function parseRetryAfter(value: string | undefined, now: number): number | undefined {
  if (value === undefined) return undefined;
  if (/^\s*\d+\s*$/.test(value)) return Number(value) * 1000;
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}

/**
 * The wait after the n-th failure (from 1): exponential, of which half is chance, so that several clients
 * that failed together do not come back together. What the registry asks for is the least.
 */
export function delayAfter(failures: number, policy: RetryPolicy, random: number, retryAfterMs = 0): number {
  const full = Math.min(policy.maxDelayMs, policy.firstDelayMs * 2 ** (failures - 1));
  return Math.round(
    retryAfterMs > 0 ? retryAfterMs + (random * policy.firstDelayMs) / 2 : full * (0.5 + random / 2),
  );
}

/** What a failure costs: a wait before the next attempt, or the error when there shall be none. */
export interface Patience {
  readonly attempts: number;
  /**
   * Waits after the n-th failure (from 1) of the same thing.
   * @throws the error itself when it is final: not temporary, too often, or too long to wait for.
   */
  bear(error: unknown, failures: number): Promise<void>;
}

export function createPatience(
  policy: RetryPolicy,
  clock: Clock,
  onEvent: OnEvent,
  signal: AbortSignal | undefined,
): Patience {
  return {
    attempts: policy.attempts,
    bear: async (error, failures) => {
      const worthIt =
        error instanceof RegistryError &&
        error.temporary &&
        failures < policy.attempts &&
        (error.retryAfterMs ?? 0) <= policy.maxRetryAfterMs;
      if (!worthIt) throw error;
      const delayMs = delayAfter(failures, policy, clock.random(), error.retryAfterMs);
      const { method, address, message: reason } = error;
      onEvent({ type: 'retry', method, address, reason, attempt: failures + 1, delayMs });
      await clock.sleep(delayMs, signal);
    },
  };
}

/** Does a thing until it succeeds or its error is final. */
export async function patiently<T>(patience: Patience, attempt: () => Promise<T>): Promise<T> {
  for (let failures = 1; ; failures++) {
    try {
      return await attempt();
    } catch (error) {
      await patience.bear(error, failures);
    }
  }
}
