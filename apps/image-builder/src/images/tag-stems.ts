import { type GuestName, HOST_PLATFORMS, type HostPlatform } from '@qemu-user-static/arch-table';
import {
  compareQemuVersions,
  type Lock,
  lockedChannelOf,
  platformsOf,
  versionPrefixes,
} from '@qemu-user-static/lock';

/** The channel whose tags have no prefix of their own: `register`, `aarch64`. */
export const DEFAULT_CHANNEL = 'latest';

/** Images with the emulators of a platform's own package alone, or with those of other channels too. */
export type Edition = 'own' | 'all';

/**
 * What a tag says of versions (`latest`, `11.1`, `11.1.3-1`; empty in `aarch64`), and the platforms it lists, in the
 * order of the table: that of an index.
 */
export interface Stem {
  readonly name: string;
  readonly platforms: readonly HostPlatform[];
  /** Whose guests: those of the platform's own package, for a version is named, or of all its packages. */
  readonly edition: Edition;
  /** The version is named in full, so no other is listed, now or later. */
  readonly exact: boolean;
  /** Never moved once it is published. */
  readonly immutable: boolean;
}

/** The stems of a channel by what they name; a stem may list no platform. */
export interface Stems {
  /** `latest`, `stable`. */
  readonly channel: Stem;
  /** The empty one, for the default channel. */
  readonly unversioned: readonly Stem[];
  /** `11.1.3`. */
  readonly exact: readonly Stem[];
  /** `11.1`, `11`. */
  readonly moving: readonly Stem[];
  /** `11.1.3-1`. */
  readonly numbered: readonly Stem[];
}

/** @param guests platforms that are not among its keys are not listed */
export function stemsOf(
  lock: Lock,
  channel: string,
  guests: ReadonlyMap<HostPlatform, readonly GuestName[]>,
): Stems {
  const present = platformsOf(lockedChannelOf(lock, channel))
    .filter(([platform]) => guests.has(platform))
    .sort(([a], [b]) => HOST_PLATFORMS.indexOf(a) - HOST_PLATFORMS.indexOf(b));
  const stem = (name: string, fits: (version: string) => boolean, kind: Partial<Stem> = {}): Stem => {
    const platforms = present.filter(([, { version }]) => fits(version)).map(([platform]) => platform);
    return { name, platforms, edition: 'own', exact: false, immutable: false, ...kind };
  };
  const versions = [...new Set(present.map(([, { version }]) => version))].filter(
    (version) => channelOfExact(lock, version) === channel,
  );
  const prefixes = versionPrefixes(primaryVersion(lock, channel)).filter(
    (prefix) => channelOfPrefix(lock, prefix) === channel,
  );
  const everyVersion = () => true;
  return {
    channel: stem(channel, everyVersion, { edition: 'all' }),
    unversioned: channel === DEFAULT_CHANNEL ? [stem('', everyVersion, { edition: 'all' })] : [],
    exact: versions.map((version) => stem(version, (one) => one === version, { exact: true })),
    moving: prefixes.map((prefix) => stem(prefix, (one) => versionPrefixes(one).includes(prefix))),
    numbered: versions.map((version) =>
      stem(`${version}-${rebuildOf(lock, version)}`, (one) => one === version, {
        exact: true,
        immutable: true,
      }),
    ),
  };
}

/** QEMU's version that most platforms of a channel have; the newest of those where several tie. */
export function primaryVersion(lock: Lock, channel: string): string {
  const count = new Map<string, number>();
  for (const [, { version }] of platformsOf(lockedChannelOf(lock, channel)))
    count.set(version, (count.get(version) ?? 0) + 1);
  const [first] = [...count].sort(([a, m], [b, n]) => n - m || compareQemuVersions(b, a));
  if (first === undefined) throw new RangeError(`channel ${channel} has no platform`);
  return first[0];
}

/**
 * The channel to which a version's tags belong, so that no channel moves another's: an exact version is of
 * the channel whose primary version it is, else of the first that has it; `11.1` and `11` are of the channel
 * with the newest primary version among theirs.
 */
function channelOfExact(lock: Lock, version: string): string | undefined {
  const channels = channelsInOrder(lock);
  const has = (channel: string) =>
    platformsOf(lockedChannelOf(lock, channel)).some(([, locked]) => locked.version === version);
  return channels.find((channel) => primaryVersion(lock, channel) === version) ?? channels.find(has);
}

function channelOfPrefix(lock: Lock, prefix: string): string | undefined {
  return channelsInOrder(lock)
    .filter((channel) => versionPrefixes(primaryVersion(lock, channel)).includes(prefix))
    .sort((a, b) => compareQemuVersions(primaryVersion(lock, b), primaryVersion(lock, a)))[0];
}

function channelsInOrder(lock: Lock): string[] {
  return Object.keys(lock.channels).sort(
    (a, b) => Number(b === DEFAULT_CHANNEL) - Number(a === DEFAULT_CHANNEL) || (a < b ? -1 : 1),
  );
}

function rebuildOf(lock: Lock, version: string): number {
  return lock.rebuilds[version]?.number ?? 1;
}
