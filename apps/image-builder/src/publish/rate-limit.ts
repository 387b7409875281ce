import { type Clock, RegistryError } from '@qemu-user-static/oci-registry';

/** Docker Hub counts pulls in windows of six hours: a longer wait is not needed, whatever the registry asks for. */
const LONGEST_MS = 6 * 3_600_000;
/** The wait where a registry does not say how long. */
const DEFAULT_MS = 15 * 60_000;
/** Waits in a row after which nothing was answered; together they are longer than the window. */
const WAITS = 25;

/**
 * Outlasts a registry's limit of requests, longer than its client does. Requests run side by side, and all of them wait
 * while the registry wants none.
 */
export class RateLimit {
  readonly #clock: Pick<Clock, 'sleep'>;
  readonly #onWait: (delayMs: number) => void;
  #wait: Promise<void> | undefined;
  #fruitless = 0;

  /** @param onWait is called before each wait, with its length in milliseconds */
  constructor(clock: Pick<Clock, 'sleep'>, onWait: (delayMs: number) => void) {
    this.#clock = clock;
    this.#onWait = onWait;
  }

  /** The result of a request, sent again after each wait. @throws what `send` throws; RegistryError REGISTRY_RATE_LIMITED */
  async outlast<T>(send: () => Promise<T>): Promise<T> {
    for (;;) {
      await this.#wait;
      try {
        const result = await send();
        this.#fruitless = 0;
        return result;
      } catch (error) {
        const limited = error instanceof RegistryError && error.code === 'REGISTRY_RATE_LIMITED';
        if (!limited) throw error;
        // Another request has begun the wait already.
        if (this.#wait !== undefined) continue;
        if (++this.#fruitless > WAITS) throw error;
        this.#wait = this.#begin(error.retryAfterMs);
      }
    }
  }

  async #begin(asked = DEFAULT_MS): Promise<void> {
    const delay = Math.min(asked, LONGEST_MS);
    this.#onWait(delay);
    await this.#clock.sleep(delay);
    this.#wait = undefined;
  }
}
