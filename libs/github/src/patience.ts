import type { Clock } from '@qemu-user-static/oci-registry';
import { GitHubError } from './errors.ts';
import type { GitHubEvent } from './events.ts';

const ATTEMPTS = 6;
/** A limit that ends later than this, in milliseconds, is not waited for. */
const LONGEST_WAIT = 15 * 60_000;

/** Waits before a thing that failed is tried again. */
export interface Patience {
  /**
   * @param failures how often in a row it has failed, from 1
   * @throws the error itself where trying again is no use, or would take too long
   */
  bear(error: unknown, failures: number): Promise<void>;
}

export function createPatience(clock: Clock, onEvent: (event: GitHubEvent) => void): Patience {
  return {
    async bear(error, failures) {
      const delay = delayAfter(error, failures, clock);
      if (delay === null) throw error;
      onEvent({
        type: 'note',
        text: `GitHub: ${(error as Error).message}; again in ${(delay / 1000).toFixed(1)} s`,
      });
      await clock.sleep(delay);
    },
  };
}

/** Milliseconds; a limit's own end, else a wait that doubles, of which half is chance. */
function delayAfter(error: unknown, failures: number, clock: Clock): number | null {
  if (!(error instanceof GitHubError) || failures >= ATTEMPTS) return null;
  if (error.retryAt !== undefined) {
    const delay = Math.max(0, error.retryAt - clock.now());
    return delay > LONGEST_WAIT ? null : delay;
  }
  if (error.status < 500) return null;
  return 1000 * 2 ** (failures - 1) * (0.5 + clock.random() / 2);
}
