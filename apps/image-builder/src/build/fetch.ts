import type { HostPlatform } from '@qemu-user-static/arch-table';
import { type FetchContext, fetchAll, fetchFile, missingFrom } from '@qemu-user-static/debian-archive';
import {
  emulatorPackagesOf,
  type Lock,
  type LockedPackage,
  type LockedPlatform,
  lockedChannelOf,
  platformsOf,
} from '@qemu-user-static/lock';
import { BuilderError } from '../report/errors.ts';
import type { FetchedChannel } from './build.ts';

/** What part of the lock a run is about. */
export interface Selection {
  readonly channels: readonly string[];
  /** Only these host platforms; all of the channel's if empty. */
  readonly platforms: readonly HostPlatform[];
}

/**
 * Brings every package of the selection into the cache. What is there already is compared with the lock when it is used:
 * a run that has all layers reads none.
 * @throws BuilderError CHANNEL_UNKNOWN, PLATFORM_UNAVAILABLE, and what `fetchAll` throws.
 */
export async function fetch(
  lock: Lock,
  selection: Selection,
  context: FetchContext,
): Promise<FetchedChannel[]> {
  const wanted = select(lock, selection).map(({ channel, platforms }) => ({
    channel,
    platforms: platforms.map(([platform, locked]) => {
      return { platform, locked, emulators: emulatorPackagesOf(lock, channel, platform) };
    }),
  }));
  const needed = wanted.flatMap(({ platforms }) =>
    platforms.flatMap(({ emulators, locked }) => [...emulators.map((one) => one.locked), locked.shell]),
  );
  const missing = await missingFrom(context.cache, needed);
  const paths = await fetchAll(missing, context);
  const fetched = new Map(missing.map((locked, index) => [locked, paths[index]]));
  const debOf = (locked: LockedPackage) => async () => fetched.get(locked) ?? fetchFile(locked, context);
  return wanted.map(({ channel, platforms }) => ({
    channel,
    platforms: platforms.map(({ platform, locked, emulators }) => ({
      platform,
      locked,
      sources: lock.sources,
      packages: emulators.map((one) => ({ ...one, deb: debOf(one.locked) })),
      shellDeb: debOf(locked.shell),
    })),
  }));
}

/** The part of the lock that is meant. @throws LockError CHANNEL_UNKNOWN @throws BuilderError PLATFORM_UNAVAILABLE */
export function select(lock: Lock, { channels, platforms }: Selection) {
  return channels.map((channel) => ({ channel, platforms: platformsIn(lock, channel, platforms) }));
}

function platformsIn(
  lock: Lock,
  channel: string,
  only: readonly HostPlatform[],
): [HostPlatform, LockedPlatform][] {
  const all = platformsOf(lockedChannelOf(lock, channel));
  const missing = only.filter((platform) => !all.some(([name]) => name === platform));
  if (missing.length > 0) {
    throw new BuilderError(
      'PLATFORM_UNAVAILABLE',
      `channel ${channel} has no ${missing.join(', ')}; it has ${all.map(([name]) => name).join(', ')}`,
    );
  }
  return only.length === 0 ? all : all.filter(([platform]) => only.includes(platform));
}
