import type { Clock } from './clock.ts';

/** How often and how slowly something that failed for now is tried again. Times are in milliseconds. */
export interface RetryPolicy {
  /** How many times one thing is tried without progress, the first time included, before its error is final. */
  readonly attempts: number;
  /** How many times it is tried in all, whatever progress it makes. */
  readonly totalAttempts: number;
  /** The longest wait after the first failure; it doubles with each further one. */
  readonly firstDelayMs: number;
  readonly maxDelayMs: number;
  /** A server that asks for a longer wait than this is not waited for. */
  readonly maxRetryAfterMs: number;
}

export const defaultRetryPolicy: RetryPolicy = {
  attempts: 6,
  totalAttempts: 100,
  firstDelayMs: 500,
  maxDelayMs: 20_000,
  maxRetryAfterMs: 15 * 60_000,
};

/**
 * Retry-After as milliseconds from now: a number of seconds or a date (RFC 9110, section 10.2.3).
 * `undefined` without one that can be read.
 *
 * @param now milliseconds since 1970
 */
export function parseRetryAfter(value: string | undefined, now: number): number | undefined {
  if (value === undefined) return undefined;
  if (/^\s*\d+\s*$/.test(value)) return Number(value) * 1000;
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}

/**
 * The wait in milliseconds after the n-th failure (from 1): exponential, and half of it random, so that clients
 * that failed together do not come back together. The wait that the server asks for is the minimum.
 *
 * @param random from 0 up to, but not including, 1
 */
export function delayAfter(failures: number, policy: RetryPolicy, random: number, retryAfterMs = 0): number {
  const full = Math.min(policy.maxDelayMs, policy.firstDelayMs * 2 ** (failures - 1));
  return Math.round(
    retryAfterMs > 0 ? retryAfterMs + (random * policy.firstDelayMs) / 2 : full * (0.5 + random / 2),
  );
}

/** A failure that may pass. */
export interface Passing {
  /** How long the server asked to wait, in milliseconds. */
  readonly retryAfterMs?: number | undefined;
}

export interface RetrySettings {
  readonly policy: RetryPolicy;
  readonly clock: Clock;
  /** Whether an error may pass; `undefined` when it is final. */
  readonly judge: (error: unknown) => Passing | undefined;
  /**
   * Called before each wait.
   *
   * @param attempt the number of the next attempt without progress, from 2
   * @param delayMs how long until it begins
   */
  readonly onRetry: (error: unknown, attempt: number, delayMs: number) => void;
  /** Ends a wait with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** The failures of one thing that is tried again. */
export interface Tries {
  /** An attempt got somewhere: its failure is the first of a new row. The total still counts. */
  progressed(): void;
  /**
   * Waits before the next attempt.
   *
   * @throws the error itself when it is final: it cannot pass, came too often, or asks for too long a wait.
   */
  failed(error: unknown): Promise<void>;
}

/** The one policy of retries, for any number of things. */
export class Retries {
  readonly #settings: RetrySettings;

  constructor(settings: RetrySettings) {
    this.#settings = settings;
  }

  /** Counts the failures of one thing. For loops that do more between attempts than {@link run} can. */
  begin(): Tries {
    const { policy, clock, judge, onRetry, signal } = this.#settings;
    let [inRow, inAll] = [0, 0];
    return {
      progressed: () => {
        inRow = 0;
      },
      failed: async (error) => {
        inRow++;
        inAll++;
        const passing = judge(error);
        const final =
          passing === undefined ||
          inRow >= policy.attempts ||
          inAll >= policy.totalAttempts ||
          (passing.retryAfterMs ?? 0) > policy.maxRetryAfterMs;
        if (final) throw error;
        const delayMs = delayAfter(inRow, policy, clock.random(), passing.retryAfterMs);
        onRetry(error, inRow + 1, delayMs);
        await clock.sleep(delayMs, signal);
      },
    };
  }

  /** Does something until it succeeds or its error is final. */
  async run<T>(attempt: (tries: Tries) => Promise<T>): Promise<T> {
    const tries = this.begin();
    for (;;) {
      try {
        return await attempt(tries);
      } catch (error) {
        await tries.failed(error);
      }
    }
  }
}
