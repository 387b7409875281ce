import type { HostPlatform } from '@qemu-user-static/arch-table';
import type { Compression } from '@qemu-user-static/compression';
import { type Descriptor, digestOf, type FoundImage, MEDIA_TYPE } from '@qemu-user-static/oci-image';
import { expect, test } from 'vitest';
import { imageFor, listingOf } from './listing.ts';

const descriptor = (content: string): Descriptor => ({
  mediaType: MEDIA_TYPE.manifest,
  digest: digestOf(Buffer.from(content)),
  size: content.length,
});
const both = { gzip: descriptor('gzip'), zstd: descriptor('zstd') };
/** `zstd linux/amd64/v2 true`: which manifest, for which platform, and the annotation. */
const listed = (platform: HostPlatform, manifests: Parameters<typeof listingOf>[1]) =>
  listingOf(platform, manifests).map(({ digest, platform: of, annotations }) =>
    [
      digest === both.zstd.digest ? 'zstd' : 'gzip',
      [of?.os, of?.architecture, of?.variant].filter(Boolean).join('/'),
      annotations?.['io.github.containers.compression.zstd'] ?? '-',
    ].join(' '),
  );

test('amd64: gzip, zstd, and zstd again as v2, which Docker with zstd prefers', () => {
  expect(listed('linux/amd64', both)).toEqual([
    'gzip linux/amd64 -',
    'zstd linux/amd64 true',
    'zstd linux/amd64/v2 true',
  ]);
});

test('arm64: zstd as v8.0 first, which only clients with zstd take for arm64', () => {
  expect(listed('linux/arm64', both)).toEqual([
    'zstd linux/arm64/v8.0 true',
    'gzip linux/arm64 -',
    'zstd linux/arm64 true',
  ]);
});

test('other hosts: gzip, then zstd', () => {
  expect(listed('linux/arm/v7', both)).toEqual(['gzip linux/arm/v7 -', 'zstd linux/arm/v7 true']);
});

test('one compression alone has one entry, and zstd its annotation', () => {
  expect(listed('linux/amd64', { gzip: both.gzip })).toEqual(['gzip linux/amd64 -']);
  expect(listed('linux/arm64', { zstd: both.zstd })).toEqual(['zstd linux/arm64 true']);
});

test('of two images for a platform, gzip’s is taken, wherever the index lists it', () => {
  const image = (architecture: string, compression: Compression) =>
    ({
      manifest: descriptor(compression),
      layers: [{ compression }],
      config: { os: 'linux', architecture },
    }) as unknown as FoundImage;
  const [other, zstd, gzip] = [image('amd64', 'gzip'), image('arm64', 'zstd'), image('arm64', 'gzip')];
  expect(imageFor([other, zstd, gzip], 'linux/arm64')).toBe(gzip);
  expect(imageFor([other, zstd], 'linux/arm64')).toBe(zstd);
  expect(imageFor([other], 'linux/arm64')).toBe(undefined);
  const mixed = {
    ...gzip,
    layers: [{ compression: 'gzip' }, { compression: 'zstd' }],
  } as unknown as FoundImage;
  expect(imageFor([mixed, gzip], 'linux/arm64')).toBe(gzip);
});
