import { type Clock, defaultRetryPolicy, Retries } from '@qemu-user-static/http';
import { GitHubError } from './errors.ts';
import type { GitHubEvent } from './events.ts';

/** Retries of what GitHub could not do for now: until a rate limit ends, or with growing waits after a status from 500 on. */
export function createRetries(clock: Clock, onEvent: (event: GitHubEvent) => void): Retries {
  return new Retries({
    policy: defaultRetryPolicy,
    clock,
    judge: (error) => {
      if (!(error instanceof GitHubError)) return undefined;
      if (error.retryAt !== undefined) return { retryAfterMs: Math.max(0, error.retryAt - clock.now()) };
      return error.status >= 500 ? {} : undefined;
    },
    onRetry: (error, _, delayMs) =>
      onEvent({
        type: 'note',
        text: `GitHub: ${(error as Error).message}; again in ${(delayMs / 1000).toFixed(1)} s`,
      }),
  });
}
