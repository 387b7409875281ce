import type { FetchContext } from '@qemu-user-static/debian-archive';
import type { OnEvent } from '../report/events.ts';

/** What images are made from apart from the lock. A command takes it from its environment. */
export interface BuildInputs {
  /** How to reach the Debian archive. */
  readonly archive: FetchContext;
  /** Text of Dockerfile.template. */
  readonly template: string;
  /** Address of the project's repository, for the labels. */
  readonly source: string;
  /** Seconds since 1970; null for the dates of the lock. https://reproducible-builds.org/specs/source-date-epoch/ */
  readonly sourceDateEpoch: number | null;
  readonly onEvent: OnEvent;
}
