import {
  defaultRetryPolicy,
  type Passing,
  Retries,
  type RetryPolicy,
  systemClock,
  transferMs,
} from '@qemu-user-static/http';
import { ArchiveError, type ArchiveErrorCode } from './errors.ts';
import type { OnArchiveEvent } from './events.ts';
import { type Http, HttpStatusError } from './http.ts';
import { withoutCredentials } from './urls.ts';

/** The settings of a transfer. */
export interface TransferContext {
  readonly http: Http;
  readonly onEvent?: OnArchiveEvent | undefined;
  readonly signal?: AbortSignal | undefined;
  /** `defaultRetryPolicy` of libs/http unless given. */
  readonly retry?: RetryPolicy | undefined;
  /** The time for a transfer in all, in addition to that of its bytes at 16 KiB a second: milliseconds, 5 minutes unless given. */
  readonly graceMs?: number | undefined;
}

/** One transfer, over all of its attempts. */
export interface Transfer {
  readonly url: URL;
  readonly context: TransferContext;
  /** Milliseconds until it is given up, whatever its progress. */
  leftMs(): number;
  /** An attempt got somewhere: a long download over a bad line may drop more often than the policy says. */
  progressed(): void;
  onRetry(error: ArchiveError, delay: number): void;
}

const GRACE_MS = 5 * 60_000;

/**
 * Runs `attempt` until it succeeds, its error is final, or the time for so many bytes is over.
 *
 * @param bytes the size of what is transferred
 */
export async function transferring<T>(
  url: URL,
  bytes: number,
  context: TransferContext,
  attempt: (transfer: Transfer) => Promise<T>,
): Promise<T> {
  const { onEvent, signal, retry = defaultRetryPolicy, graceMs = GRACE_MS } = context;
  const end = systemClock.now() + transferMs(bytes, graceMs);
  const leftMs = () => Math.max(0, end - systemClock.now());
  const onRetry = (error: unknown, delay: number) =>
    onEvent?.({ type: 'fetch-retry', url: withoutCredentials(url), error: error as ArchiveError, delay });
  const retries = new Retries({
    policy: retry,
    clock: systemClock,
    judge: (error) => passing(error, leftMs()),
    onRetry: (error, _, delay) => onRetry(error, delay),
    signal,
  });
  return retries.run((tries) => attempt({ url, context, leftMs, onRetry, progressed: tries.progressed }));
}

const PASSING: ReadonlySet<ArchiveErrorCode> = new Set([
  'HOST_NOT_FOUND',
  'CONNECTION_FAILED',
  'CONNECTION_DROPPED',
  'CONNECTION_TIMEOUT',
  'HTTP_FAILED',
]);

/** Whether an error may pass within the time that is left. */
export function passing(error: unknown, leftMs: number): Passing | undefined {
  if (!(error instanceof ArchiveError) || !PASSING.has(error.code)) return undefined;
  const retryAfterMs = error instanceof HttpStatusError ? error.retryAfter : undefined;
  return leftMs > (retryAfterMs ?? 0) ? { retryAfterMs } : undefined;
}
