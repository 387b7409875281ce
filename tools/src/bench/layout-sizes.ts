import { readFile } from 'node:fs/promises';
import type { HostPlatform } from '@qemu-user-static/arch-table';
import { blobPath, type Descriptor, type Layout, REF_NAME, readIndex } from '@qemu-user-static/oci-image';

export interface Manifest {
  readonly layers: readonly Descriptor[];
}
export interface Index {
  readonly manifests: readonly (Descriptor & {
    readonly platform?: { architecture: string; variant?: string };
  })[];
}

/** How a platform is named below. */
export const keyOf = (platform: HostPlatform) => platform.replace('linux/', '');

/** Bytes of the layers of images, by `TAG PLATFORM COMPRESSION`; with `emulator` instead of the compression, that layer alone. */
export async function layoutSizes(layout: Layout, tags: readonly string[]): Promise<Map<string, number>> {
  const sizes = new Map<string, number>();
  const read = async <T>(digest: Descriptor['digest']) =>
    JSON.parse(await readFile(blobPath(layout, digest), 'utf8')) as T;
  for (const { digest, annotations } of (await readIndex(layout)).manifests) {
    const tag = annotations?.[REF_NAME];
    if (tag === undefined || !tags.includes(tag)) continue;
    for (const one of (await read<Index>(digest)).manifests) {
      const { layers } = await read<Manifest>(one.digest);
      const platform = [one.platform?.architecture, one.platform?.variant].filter(Boolean).join('/');
      const compression = layers[0]?.mediaType.endsWith('zstd') ? 'zstd' : 'gzip';
      sizes.set(`${tag} ${platform} ${compression}`, bytesOf(layers));
      if (compression === 'gzip') sizes.set(`${tag} ${platform} emulator`, layers[1]?.size ?? 0);
    }
  }
  return sizes;
}

export function bytesOf(layers: readonly Descriptor[]): number {
  return layers.reduce((sum, { size }) => sum + size, 0);
}
