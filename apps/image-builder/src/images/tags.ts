import { type GuestName, type HostPlatform, host } from '@qemu-user-static/arch-table';
import { type Lock, lockedChannelOf } from '@qemu-user-static/lock';
import { primaryVersion, type Stem, stemsOf } from './tag-stems.ts';

/** What an image contains apart from the register program. */
export type Contents =
  | { readonly kind: 'all' }
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
  /** An index of platforms, or the one platform's manifest itself. */
  readonly shape: 'index' | 'manifest';
  /** Never moved once it is published. */
  readonly immutable: boolean;
}

/** A tag before its version is worked out from its platforms. */
type Listing = Omit<TagPlan, 'version'>;

type Guests = ReadonlyMap<HostPlatform, readonly GuestName[]>;

/**
 * The tags of a channel's images.
 * @param guests the guests that each platform's package has; platforms left out are not tagged
 */
export function planTags(lock: Lock, channel: string, guests: Guests): TagPlan[] {
  const stems = stemsOf(lock, channel, guests);
  const whole = [stems.channel, ...stems.exact, ...stems.moving, ...stems.numbered];
  const parts = [...stems.unversioned, ...stems.exact, ...stems.numbered];
  return [
    ...whole.flatMap(allEmulators),
    ...parts.map(registerOnly),
    ...parts.flatMap((stem) => oneGuest(stem, guests)),
  ]
    .filter(({ platforms }) => platforms.length > 0)
    .map((listing) => ({ ...listing, version: versionOf(lock, channel, listing.platforms) }));
}

function versionOf(lock: Lock, channel: string, platforms: readonly HostPlatform[]): string {
  const locked = lockedChannelOf(lock, channel).platforms;
  const [version, ...others] = new Set(platforms.map((platform) => locked[platform]?.version));
  return version !== undefined && others.length === 0 ? version : primaryVersion(lock, channel);
}

function allEmulators({ name, ...stem }: Stem): Listing[] {
  const plan = { ...stem, contents: { kind: 'all' }, shape: 'index' } as const;
  return [
    { ...plan, tag: name, manifests: 'gzip and zstd' },
    { ...plan, tag: `${name}-gzip`, manifests: 'gzip' },
    { ...plan, tag: `${name}-zstd`, manifests: 'zstd' },
  ];
}

function registerOnly({ name, ...stem }: Stem): Listing {
  const contents = { kind: 'register' } as const;
  return { ...stem, tag: withVersion('register', name), contents, manifests: 'gzip', shape: 'index' };
}

function oneGuest({ name, ...stem }: Stem, guests: Guests): Listing[] {
  const has = (platform: HostPlatform, guest: GuestName) => guests.get(platform)?.includes(guest) === true;
  const every = [...new Set(stem.platforms.flatMap((platform) => guests.get(platform) ?? []))].sort();
  return every.flatMap((guest): Listing[] => {
    const platforms = stem.platforms.filter((platform) => has(platform, guest));
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
