import { setMaxListeners } from 'node:events';
import { constants } from 'node:os';
import { $ } from 'zx';
import { endBelow } from './processes.ts';

const controller = new AbortController();
setMaxListeners(0, controller.signal);

/** Aborted when the run is to end: what has begun is killed, and cleans up as it fails. */
export const stopped = controller.signal;

/** Why a run ended early. */
export class Stopped extends Error {
  /** The exit status, as a shell has it. */
  readonly status: number;

  constructor(name: NodeJS.Signals) {
    super(`ended by ${name}; run the same command again to go on`);
    this.status = 128 + constants.signals[name];
  }
}

/** From now on Ctrl-C ends the run in order; a second one at once. */
export function stopOnSignals(): void {
  $.signal = stopped;
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.once(name, () => {
      controller.abort(new Stopped(name));
      // What installs compilers has processes that ignore signals, and others below them.
      void endBelow(process.pid);
    });
}
