import { hash } from 'node:crypto';
import { markerOf } from '@qemu-user-static/github';
import {
  keepUnchanged,
  type Lock,
  lockOf,
  platformsOf,
  sortKeys,
  type UpdateContext,
} from '@qemu-user-static/lock';

// A proposal stays the same while the packages do. The archive is signed again several times a day, and a person who has
// read or closed a pull request is not to read it again for a date.

/**
 * A line by which a proposal is known again: its packages, their sources, the guests of `common`, the build numbers, and whether a Release had
 * expired; no dates.
 */
export function markerFor({ channels, common, sources, rebuilds }: Lock): string {
  const packages = Object.entries(channels).flatMap(([name, channel]) => [
    [name, channel.release.expired],
    ...platformsOf(channel).map(([platform, { released: _, ...locked }]) => [`${name} ${platform}`, locked]),
  ]);
  const numbers = Object.entries(rebuilds).map(([version, { number }]) => [version, number]);
  const matter = [Object.fromEntries(packages), common, sources, Object.fromEntries(numbers)];
  return markerOf(`sources.lock.json ${hash('sha256', JSON.stringify(matter, sortKeys))}`);
}

/**
 * A lock with the dates of an earlier proposal where nothing but dates differs. No hash is taken from there. One whose
 * Release had expired keeps nothing: that there is a better one is what a person waits for.
 * @param before the lock that both begin with; what is as it was there has the dates from there
 */
export function withDatesOf(
  proposed: Lock,
  now: Lock,
  before: Lock,
  recipe: Pick<UpdateContext, 'template' | 'script'>,
): Lock {
  const channels = Object.entries(now.channels).map(([name, channel]) => {
    const [then, last] = [before.channels[name], proposed.channels[name]];
    const earlier = [then, last?.release.expired ? undefined : last].filter((one) => one !== undefined);
    return [name, { ...keepUnchanged(earlier, channel), sources: now.sources }] as const;
  });
  return lockOf(Object.fromEntries(channels), now, before, recipe);
}
