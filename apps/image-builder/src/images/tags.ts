import { type GuestName, type HostPlatform, host } from '@qemu-user-static/arch-table';
import {
  compareQemuVersions,
  type Lock,
  lockedChannelOf,
  platformsOf,
  versionPrefixes,
} from '@qemu-user-static/lock';

/** What an image contains besides the register program. */
export type Contents =
  | { readonly kind: 'all' }
  | { readonly kind: 'register' }
  | { readonly kind: 'guest'; readonly guest: GuestName };

/** One tag, and what it lists. */
export interface TagPlan {
  readonly tag: string;
  readonly contents: Contents;
  /** The manifests of a platform: gzip's, gzip's followed by zstd's, or zstd's alone. */
  readonly manifests: 'gzip' | 'gzip and zstd' | 'zstd';
  readonly platforms: readonly HostPlatform[];
  /** An index of platforms, or the one platform's manifest itself. */
  readonly shape: 'index' | 'manifest';
  /** Never moved once it is published. */
  readonly immutable: boolean;
}

/** The channel whose tags have no prefix of their own: `register`, `aarch64`. */
export const DEFAULT_CHANNEL = 'latest';

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

/** A tag's stem (`latest`, `11.1`) and the platforms it lists. */
interface Stem {
  readonly name: string;
  readonly platforms: readonly HostPlatform[];
  readonly immutable: boolean;
}

/**
 * The tags of a channel's images.
 * @param guests the guests that each platform's package has; platforms left out are not tagged
 */
export function planTags(
  lock: Lock,
  channel: string,
  guests: ReadonlyMap<HostPlatform, readonly GuestName[]>,
): TagPlan[] {
  const present = platformsOf(lockedChannelOf(lock, channel)).filter(([platform]) => guests.has(platform));
  const having = (fits: (version: string) => boolean) =>
    present.filter(([, { version }]) => fits(version)).map(([platform]) => platform);
  const all = having(() => true);
  const primary = primaryVersion(lock, channel);
  const exact = [...new Set(present.map(([, { version }]) => version))]
    .filter((version) => channelOfExact(lock, version) === channel)
    .map((version) => ({ name: version, platforms: having((v) => v === version), immutable: false }));
  const moving = versionPrefixes(primary)
    .filter((prefix) => channelOfPrefix(lock, prefix) === channel)
    .map((prefix) => ({
      name: prefix,
      platforms: having((v) => versionPrefixes(v).includes(prefix)),
      immutable: false,
    }));
  const numbered = exact.map(({ name, platforms }) => ({
    name: `${name}-${rebuildOf(lock, name)}`,
    platforms,
    immutable: true,
  }));
  const unversioned = channel === DEFAULT_CHANNEL ? [{ name: '', platforms: all, immutable: false }] : [];

  const stems: Stem[] = [
    { name: channel, platforms: all, immutable: false },
    ...exact,
    ...moving,
    ...numbered,
  ];
  return [
    ...stems.flatMap(allEmulators),
    ...[...unversioned, ...exact].flatMap(registerOnly),
    ...[...unversioned, ...exact].flatMap((stem) => oneGuest(stem, guests)),
  ].filter(({ platforms }) => platforms.length > 0);
}

function allEmulators({ name, platforms, immutable }: Stem): TagPlan[] {
  const plan = { contents: { kind: 'all' }, platforms, shape: 'index', immutable } as const;
  return [
    { ...plan, tag: name, manifests: 'gzip and zstd' },
    { ...plan, tag: `${name}-zstd`, manifests: 'zstd' },
  ];
}

function registerOnly({ name, platforms, immutable }: Stem): TagPlan[] {
  return [
    {
      tag: withVersion('register', name),
      contents: { kind: 'register' },
      manifests: 'gzip',
      platforms,
      shape: 'index',
      immutable,
    },
  ];
}

function oneGuest(
  { name, platforms, immutable }: Stem,
  guests: ReadonlyMap<HostPlatform, readonly GuestName[]>,
): TagPlan[] {
  const every = [...new Set(platforms.flatMap((platform) => guests.get(platform) ?? []))].sort();
  return every.flatMap((guest): TagPlan[] => {
    const having = platforms.filter((platform) => guests.get(platform)?.includes(guest));
    const plan = { contents: { kind: 'guest', guest }, manifests: 'gzip', immutable } as const;
    return [
      { ...plan, tag: withVersion(guest, name), platforms: having, shape: 'index' },
      ...having.map((platform) => ({
        ...plan,
        tag: withVersion(`${host(platform).uname}-${guest}`, name),
        platforms: [platform],
        shape: 'manifest' as const,
      })),
    ];
  });
}

function withVersion(name: string, version: string): string {
  return version === '' ? name : `${name}-${version}`;
}

function rebuildOf(lock: Lock, version: string): number {
  return lock.rebuilds[version]?.number ?? 1;
}

/** The version a tag's index speaks of: that of its platforms, or where they differ, the channel's. */
export function versionOfTag(lock: Lock, channel: string, { platforms }: TagPlan): string {
  const locked = lockedChannelOf(lock, channel).platforms;
  const [version, ...others] = new Set(platforms.map((platform) => locked[platform]?.version));
  return version !== undefined && others.length === 0 ? version : primaryVersion(lock, channel);
}
