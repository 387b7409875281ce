import type { HostPlatform } from '@qemu-user-static/arch-table';
import type { Compression } from '@qemu-user-static/compression';
import type { Descriptor, FoundImage } from '@qemu-user-static/oci-image';
import { ociPlatform, platformName } from './platforms.ts';

/** By this annotation Podman, Buildah and skopeo know a manifest with zstd; they leave such an index as it is. */
export const ZSTD_ANNOTATION = { 'io.github.containers.compression.zstd': 'true' } as const;

/**
 * Where zstd stands a second time, for clients that do not read the annotation. Docker from 23 on prefers amd64's
 * levels to plain amd64 wherever they stand; older ones ignore them, and they have no zstd. `v8.0` is plain arm64 to
 * clients with zstd alone, which take the first that fits.
 */
const AGAIN: { readonly [platform in HostPlatform]?: { variant: string; place: 'first' | 'last' } } = {
  'linux/amd64': { variant: 'v2', place: 'last' },
  'linux/arm64': { variant: 'v8.0', place: 'first' },
};

/**
 * A platform's entries in an index, in order. Clients without zstd take the first that fits, so gzip comes before zstd.
 * https://github.com/opencontainers/image-spec/blob/v1.1.1/image-index.md
 */
export function listingOf(
  platform: HostPlatform,
  { gzip, zstd }: { readonly [compression in Compression]?: Descriptor },
): Descriptor[] {
  const plain = ociPlatform(platform);
  const gzipEntries = gzip === undefined ? [] : [{ ...gzip, platform: plain }];
  if (zstd === undefined) return gzipEntries;
  const zstdEntry = { ...zstd, platform: plain, annotations: ZSTD_ANNOTATION };
  const entries = [...gzipEntries, zstdEntry];
  const again = AGAIN[platform];
  if (gzip === undefined || again === undefined) return entries;
  const second = { ...zstdEntry, platform: { ...plain, variant: again.variant } };
  return again.place === 'first' ? [second, ...entries] : [...entries, second];
}

/** The image for a platform: of two, gzip's, which every client reads. */
export function imageFor(images: readonly FoundImage[], platform: HostPlatform): FoundImage | undefined {
  const found = images.filter(({ config }) => platformName(config) === platform);
  return found.find(({ layers }) => layers.every(({ compression }) => compression === 'gzip')) ?? found[0];
}
