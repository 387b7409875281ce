import { readFile } from 'node:fs/promises';
import { type HostPlatform, host } from '@qemu-user-static/arch-table';
import { blobPath, type Descriptor, REF_NAME, readIndex } from '@qemu-user-static/oci-image';
import { LAYOUT } from './places.ts';
import type { Digests } from './pull-clients.ts';

/** https://github.com/containers/image/blob/v5.30.0/internal/manifest/oci_index.go: what marks a manifest of zstd layers */
const ZSTD = 'io.github.containers.compression.zstd';

/** How the layers of an index's entry are compressed. */
export function compressionOf({ annotations }: Pick<Descriptor, 'annotations'>): 'gzip' | 'zstd' {
  return annotations?.[ZSTD] === 'true' ? 'zstd' : 'gzip';
}

/** The layout's image of a tag for a platform, as a client takes it; none if the tag does not list it. */
export async function digestsInLayout(
  tag: string,
  platform: HostPlatform,
  takesZstd: boolean,
): Promise<Digests | undefined> {
  const layout = { folder: LAYOUT };
  const read = async ({ digest }: Descriptor) => JSON.parse(await readFile(blobPath(layout, digest), 'utf8'));
  const top = (await readIndex(layout)).manifests.find(({ annotations }) => annotations?.[REF_NAME] === tag);
  if (top === undefined) throw new Error(`${LAYOUT} has no tag ${tag}`);
  const { manifests } = (await read(top)) as { manifests: Descriptor[] };
  const { architecture, variant } = host(platform);
  // The entries of zstd that an index has once more name a variant; the same image stands there without one too.
  const images = manifests.filter(
    ({ platform: one }) => one?.architecture === architecture && one.variant === variant,
  );
  const zstd = takesZstd ? images.find((image) => compressionOf(image) === 'zstd') : undefined;
  const image = zstd ?? images[0];
  return image && { index: top.digest, manifest: image.digest, config: (await read(image)).config.digest };
}
