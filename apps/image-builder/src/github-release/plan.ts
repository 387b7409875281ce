import { GUEST_NAMES, type GuestName, type HostPlatform } from '@qemu-user-static/arch-table';
import { type Lock, platformsOf } from '@qemu-user-static/lock';
import type { Descriptor, Digest, Layout } from '@qemu-user-static/oci-image';
import { DEFAULT_CHANNEL, primaryVersion } from '../images/tag-stems.ts';
import { documentIn, type ImageSet, isIndex, type SetTag } from '../layouts/image-set.ts';
import { BuilderError } from '../report/errors.ts';

/** A release on GitHub: the images of one QEMU version, as the tag that never moves has them. */
export interface ReleasePlan {
  /** `v11.1.3-1`. */
  readonly tag: string;
  readonly version: string;
  readonly channel: string;
  /** Whether GitHub shows it as the latest release. */
  readonly isLatest: boolean;
  readonly binaries: readonly Binary[];
  readonly images: readonly ImageDigest[];
}

/** One emulator of one host platform, and the layer that holds it alone. */
export interface Binary {
  readonly platform: HostPlatform;
  readonly guest: GuestName;
  readonly layout: Layout;
  readonly layer: Descriptor;
  /** Time of the image, in seconds since 1970. */
  readonly created: number;
}

/** A tag of this version as it was at the release, and the manifests under it. */
export interface ImageDigest {
  readonly tag: string;
  readonly digest: Digest;
  readonly manifests: readonly { readonly platform: HostPlatform; readonly digest: Digest }[];
}

/**
 * The releases that a set of images gives: one for each tag that never moves, the latest last. It holds what belongs to
 * that version alone, so that it stays the same while other versions change.
 * @throws BuilderError LAYOUTS_DIFFER where the set has no image of one emulator
 */
export function planReleases(lock: Lock, set: ImageSet): ReleasePlan[] {
  const numbered = set.tags.filter(
    ({ immutable, contents, manifests }) =>
      immutable && contents.kind === 'all' && manifests === 'gzip and zstd',
  );
  const plans = numbered.map(({ tag, channel, version, platforms }): ReleasePlan => {
    return {
      tag: `v${tag}`,
      version,
      channel,
      isLatest: channel === DEFAULT_CHANNEL && version === primaryVersion(lock, channel),
      binaries: platforms.flatMap((platform) => binariesOf(set, version, platform)),
      images: set.tags
        .filter((one) => one.exact && one.version === version)
        .map((one) => digestsOf(set, one)),
    };
  });
  return plans.sort((a, b) => Number(a.isLatest) - Number(b.isLatest));
}

function binariesOf(set: ImageSet, version: string, platform: HostPlatform): Binary[] {
  const binaries = GUEST_NAMES.flatMap((guest): Binary[] => {
    const tag = set.tags.find(
      ({ shape, exact, contents, ...one }) =>
        shape === 'manifest' &&
        exact &&
        contents.kind === 'guest' &&
        contents.guest === guest &&
        one.version === version &&
        one.platforms.includes(platform),
    );
    if (tag === undefined) return [];
    const { bytes, image } = documentIn(set, tag.digest);
    const manifest = JSON.parse(Buffer.from(bytes).toString()) as { annotations: Record<string, string> };
    const layer = image?.layers.get('emulators');
    const layout = layer && set.layoutOf.get(layer.digest);
    if (layer === undefined || layout === undefined) return [];
    const created = Date.parse(manifest.annotations['org.opencontainers.image.created'] ?? '') / 1000;
    return [{ platform, guest, layout, layer, created }];
  });
  if (binaries.length === 0)
    throw new BuilderError('LAYOUTS_DIFFER', `no image of one emulator of ${version} for ${platform}`);
  return binaries;
}

/** An index may list one manifest several times, under several names of its platform. */
function digestsOf(set: ImageSet, { tag, digest }: SetTag): ImageDigest {
  const document = documentIn(set, digest);
  const listed = isIndex(document) ? document.needs.map((one) => one.digest) : [digest];
  const manifests = [...new Set(listed)].map((below) => {
    const { image } = documentIn(set, below);
    if (image === undefined) throw new RangeError(`${tag} lists ${below}, which is not an image`);
    return { platform: image.platform, digest: below };
  });
  return { tag, digest, manifests };
}

/** The platforms of a release, in the lock's order. */
export function platformsIn(lock: Lock, { channel, version }: ReleasePlan) {
  const locked = lock.channels[channel];
  return locked === undefined ? [] : platformsOf(locked).filter(([, one]) => one.version === version);
}
