import { type GuestName, type HostPlatform, host } from '@qemu-user-static/arch-table';
import { type Lock, lockedChannelOf } from '@qemu-user-static/lock';
import { type Edition, primaryVersion, type Stem, stemsOf } from './tag-stems.ts';

/** What an image contains apart from the register program. */
export type Contents =
  | { readonly kind: 'all' }
  /** The host's emulators of these guests. */
  | { readonly kind: 'common'; readonly guests: readonly GuestName[] }
  | { readonly kind: 'register' }
  | { readonly kind: 'guest'; readonly guest: GuestName };

/** One tag, and what it lists. */
export interface TagPlan {
  readonly tag: string;
  readonly contents: Contents;
  /** QEMU's: that of the platforms it lists, or where they differ, the channel's. */
  readonly version: string;
  /** The version is named in full, so no other is listed, now or later. */
  readonly exact: boolean;
  /** The manifests of a platform: gzip's, zstd's, or both as `listingOf` has them. */
  readonly manifests: 'gzip' | 'gzip and zstd' | 'zstd';
  readonly platforms: readonly HostPlatform[];
  readonly edition: Edition;
  /** An index of platforms, or the one platform's manifest itself. */
  readonly shape: 'index' | 'manifest';
  /** Never moved once it is published. */
  readonly immutable: boolean;
}

/** A tag before its version is worked out from its platforms. */
type Listing = Omit<TagPlan, 'version'>;

type Guests = ReadonlyMap<HostPlatform, readonly GuestName[]>;

/** The guests that a platform has from other channels' packages, with QEMU's version. */
export type OtherVersions = ReadonlyMap<GuestName, string>;

/**
 * The tags of a channel's images.
 * @param guests the guests that each platform's own package has; platforms left out are not tagged
 * @param others those that it has from other packages, none of which its own has
 */
export function planTags(
  lock: Lock,
  channel: string,
  guests: Guests,
  others: ReadonlyMap<HostPlatform, OtherVersions> = new Map(),
): TagPlan[] {
  const all = new Map(
    Array.from(guests, ([platform, own]) => [platform, [...own, ...(others.get(platform)?.keys() ?? [])]]),
  );
  const locked = lockedChannelOf(lock, channel).platforms;
  const primary = primaryVersion(lock, channel);
  const versionOf = ({ contents, platforms }: Listing): string => {
    const [version = primary, ...more] = new Set(
      platforms.map((platform) => {
        const other = contents.kind === 'guest' ? others.get(platform)?.get(contents.guest) : undefined;
        return other ?? locked[platform]?.version;
      }),
    );
    return more.length === 0 ? version : primary;
  };
  const stems = stemsOf(lock, channel, guests);
  const whole = [stems.channel, ...stems.exact, ...stems.moving, ...stems.numbered];
  const guestsOf = ({ edition }: Stem) => (edition === 'all' ? all : guests);
  const parts = [...stems.unversioned, ...stems.exact, ...stems.numbered];
  return [
    ...whole.flatMap((stem) => severalGuests(stem, stem.name, { kind: 'all' })),
    ...parts.flatMap((stem) => commonGuests(stem, lock.common, guestsOf(stem))),
    ...parts.map(registerOnly),
    ...parts.flatMap((stem) => oneGuest(stem, guestsOf(stem))),
  ]
    .filter(({ platforms }) => platforms.length > 0)
    .map((listing) => ({ ...listing, version: versionOf(listing) }));
}

function severalGuests({ name: _, ...stem }: Stem, tag: string, contents: Contents): Listing[] {
  const plan = { ...stem, contents, shape: 'index' } as const;
  return [
    { ...plan, tag, manifests: 'gzip and zstd' },
    { ...plan, tag: `${tag}-gzip`, manifests: 'gzip' },
    { ...plan, tag: `${tag}-zstd`, manifests: 'zstd' },
  ];
}

function commonGuests(stem: Stem, common: readonly GuestName[], guests: Guests): Listing[] {
  const platforms = stem.platforms.filter((platform) =>
    guests.get(platform)?.some((guest) => common.includes(guest)),
  );
  const contents = { kind: 'common', guests: common } as const;
  return severalGuests({ ...stem, platforms }, withVersion('common', stem.name), contents);
}

function registerOnly({ name, ...stem }: Stem): Listing {
  const contents = { kind: 'register' } as const;
  return { ...stem, tag: withVersion('register', name), contents, manifests: 'gzip', shape: 'index' };
}

function oneGuest({ name, ...stem }: Stem, guests: Guests): Listing[] {
  const every = [...new Set([...guests.values()].flat())].sort();
  return every.flatMap((guest): Listing[] => {
    const platforms = stem.platforms.filter((platform) => guests.get(platform)?.includes(guest));
    const plan = { ...stem, contents: { kind: 'guest', guest }, manifests: 'gzip' } as const;
    return [
      { ...plan, tag: withVersion(guest, name), platforms, shape: 'index' },
      ...platforms.map((platform): Listing => {
        const tag = withVersion(`${host(platform).uname}-${guest}`, name);
        return { ...plan, tag, platforms: [platform], shape: 'manifest' };
      }),
    ];
  });
}

function withVersion(name: string, version: string): string {
  return version === '' ? name : `${name}-${version}`;
}
