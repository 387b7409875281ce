import { readFile } from 'node:fs/promises';
import type { Compression } from '@qemu-user-static/compression';
import { type Annotations, type Descriptor, LAYER_MEDIA_TYPE, MEDIA_TYPE } from './descriptor.ts';
import { type Digest, digestOf } from './digest.ts';
import { blobPath, type Layout, REF_NAME, readIndex } from './layout.ts';

/** An image as its documents describe it. */
export interface FoundImage {
  readonly manifest: Descriptor;
  readonly annotations: Annotations;
  readonly layers: readonly {
    readonly digest: Digest;
    readonly size: number;
    readonly compression: Compression;
  }[];
  readonly config: {
    /** RFC 3339. */
    readonly created: string;
    readonly architecture: string;
    readonly os: string;
    readonly variant?: string;
    readonly config: {
      readonly Labels: Annotations;
      readonly Env: readonly string[];
      readonly Entrypoint: readonly string[];
    };
    readonly rootfs: { readonly diff_ids: readonly Digest[] };
    readonly history: readonly { readonly created_by: string }[];
  };
}

export interface FoundTag {
  readonly tag: string;
  readonly descriptor: Descriptor;
  readonly images: readonly FoundImage[];
}

/** Everything that a layout's index.json leads to. */
export interface FoundLayout {
  readonly tags: readonly FoundTag[];
  /** Each image once, though many tags list it. */
  readonly images: readonly FoundImage[];
  readonly problems: readonly string[];
}

/**
 * Follows every descriptor of the layout, or those of some tags. A document that is missing, has another size or
 * digest than its descriptor, or is not what its media type says, is a problem, and what lies behind it is not followed.
 */
export async function walkLayout(
  layout: Layout,
  isWanted: (tag: string) => boolean = () => true,
): Promise<FoundLayout> {
  const problems: string[] = [];
  const images = new Map<Digest, FoundImage>();

  const document = async (descriptor: Descriptor, where: string): Promise<unknown> => {
    try {
      const bytes = await readFile(blobPath(layout, descriptor.digest));
      if (bytes.length !== descriptor.size || digestOf(bytes) !== descriptor.digest)
        throw new Error('its size or digest differs');
      return JSON.parse(bytes.toString());
    } catch (error) {
      problems.push(`${where}: document ${descriptor.digest}: ${(error as Error).message}`);
      return null;
    }
  };

  const image = async (descriptor: Descriptor, where: string): Promise<FoundImage[]> => {
    let found = images.get(descriptor.digest);
    if (found === undefined) {
      const manifest = (await document(descriptor, where)) as {
        config: Descriptor;
        layers: Descriptor[];
        annotations: Annotations;
      } | null;
      const config =
        manifest === null ? null : ((await document(manifest.config, where)) as FoundImage['config'] | null);
      if (manifest === null || config === null) return [];
      const layers = manifest.layers.map(({ digest, size, mediaType }) => ({
        digest,
        size,
        compression: compressionOf(mediaType, problems, where),
      }));
      found = { manifest: descriptor, annotations: manifest.annotations, layers, config };
      images.set(descriptor.digest, found);
    }
    return [{ ...found, manifest: descriptor }];
  };

  const tags: FoundTag[] = [];
  for (const descriptor of (await readIndex(layout)).manifests) {
    const tag = descriptor.annotations?.[REF_NAME] ?? '';
    if (tag === '' || tags.some((other) => other.tag === tag))
      problems.push(`index.json: tag "${tag}" is empty or there twice`);
    if (!isWanted(tag)) continue;
    let listed: readonly Descriptor[] = [descriptor];
    if (descriptor.mediaType === MEDIA_TYPE.index) {
      listed = ((await document(descriptor, tag)) as { manifests: Descriptor[] } | null)?.manifests ?? [];
    }
    // One after the other, so that what is found comes in the layout's own order.
    const inside: FoundImage[] = [];
    for (const one of listed) inside.push(...(await image(one, tag)));
    tags.push({ tag, descriptor, images: inside });
  }
  return { tags, images: [...images.values()], problems };
}

function compressionOf(mediaType: string, problems: string[], where: string): Compression {
  for (const [compression, type] of Object.entries(LAYER_MEDIA_TYPE)) {
    if (type === mediaType) return compression as Compression;
  }
  problems.push(`${where}: a layer is of media type ${mediaType}`);
  return 'gzip';
}
