import type { Compression } from '@qemu-user-static/compression';
import { printable } from '@qemu-user-static/errors';
import type { Layout } from './blob-file.ts';
import { type Annotations, compressionOf, type Descriptor, MEDIA_TYPE } from './descriptor.ts';
import type { Digest } from './digest.ts';
import { ImageError } from './errors.ts';
import { REF_NAME, readIndex } from './layout.ts';
import { readDocument } from './read-document.ts';
import {
  configSchema,
  type ImageConfig,
  type ImageManifest,
  indexSchema,
  manifestSchema,
} from './schemas.ts';

/** An image as its documents describe it. */
export interface FoundImage {
  /** Without platform and annotations: each index that lists it has its own. */
  readonly manifest: Descriptor;
  readonly annotations: Annotations;
  readonly layers: readonly FoundLayer[];
  readonly config: ImageConfig;
}

export interface FoundLayer {
  readonly digest: Digest;
  readonly size: number;
  readonly compression: Compression;
}

export interface FoundTag {
  readonly tag: string;
  readonly descriptor: Descriptor;
  /** Each once, in the order of the index. */
  readonly images: readonly FoundImage[];
  /** The images of the index, in its order: one may be listed for several platforms. Else the image itself. */
  readonly entries: readonly Descriptor[];
}

/** Everything that a layout's index.json leads to. */
export interface FoundLayout {
  readonly tags: readonly FoundTag[];
  /** Each image once, though many tags list it. */
  readonly images: readonly FoundImage[];
  readonly problems: readonly string[];
}

/** https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pulling-manifests */
const TAG = /^\w[\w.-]{0,127}$/;

/**
 * Follows every descriptor of the layout, or those of some tags. A document that is missing, has another size or
 * digest than its descriptor, or is not what its media type says, is a problem, and what lies behind it is not followed.
 * @throws ImageError LAYOUT_INVALID
 */
export async function walkLayout(
  layout: Layout,
  isWanted: (tag: string) => boolean = () => true,
): Promise<FoundLayout> {
  const walk = new Walk(layout);
  const tags: FoundTag[] = [];
  const seen = new Set<string>();
  for (const descriptor of (await readIndex(layout)).manifests) {
    const tag = descriptor.annotations?.[REF_NAME] ?? '';
    if (!TAG.test(tag)) walk.problems.push(`index.json: "${printable(tag)}" is not a tag`);
    else if (seen.has(tag)) walk.problems.push(`index.json: it lists the tag ${tag} twice`);
    else if (isWanted(tag)) tags.push({ tag, descriptor, ...(await walk.below(descriptor, tag)) });
    seen.add(tag);
  }
  return { tags, images: walk.images(), problems: walk.problems };
}

type ReadImage = Omit<FoundImage, 'manifest'>;

/** Reads each document once, and collects what is wrong. */
class Walk {
  readonly problems: string[] = [];
  readonly #layout: Layout;
  /** By what a descriptor says of it. */
  readonly #read = new Map<string, FoundImage | null>();

  constructor(layout: Layout) {
    this.#layout = layout;
  }

  /** Each image once. */
  images(): FoundImage[] {
    return [...this.#read.values()].filter((image) => image !== null);
  }

  /** The images of a tag's index, or its one image, in the layout's own order. */
  async below(descriptor: Descriptor, tag: string): Promise<Pick<FoundTag, 'images' | 'entries'>> {
    const index =
      descriptor.mediaType === MEDIA_TYPE.index
        ? await this.#attempt(tag, () =>
            readDocument(this.#layout, descriptor, indexSchema, 'an image index'),
          )
        : { manifests: [descriptor] };
    const entries = index?.manifests ?? [];
    const images = new Set<FoundImage>();
    for (const entry of entries) {
      const image = await this.#image(entry, tag);
      if (image !== null) images.add(image);
    }
    return { images: [...images], entries };
  }

  async #image({ mediaType, digest, size }: Descriptor, tag: string): Promise<FoundImage | null> {
    const manifest = { mediaType, digest, size };
    const key = `${digest} ${size} ${mediaType}`;
    const known = this.#read.get(key);
    if (known !== undefined) return known;
    const read = await this.#attempt(tag, () => readImage(this.#layout, manifest));
    const image = read && { manifest, ...read };
    this.#read.set(key, image);
    return image;
  }

  async #attempt<T>(tag: string, work: () => Promise<T>): Promise<T | null> {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof ImageError)) throw error;
      this.problems.push(`${tag}: ${error.message}`);
      return null;
    }
  }
}

async function readImage(layout: Layout, descriptor: Descriptor): Promise<ReadImage> {
  const manifest = await readManifest(layout, descriptor);
  if (manifest.config.mediaType !== MEDIA_TYPE.config) throw unknownType(layout, manifest.config);
  const config = await readDocument(layout, manifest.config, configSchema, 'an image config');
  const layers = manifest.layers.map((layer) => {
    const compression = compressionOf(layer.mediaType);
    if (compression === null) throw unknownType(layout, layer);
    return { digest: layer.digest, size: layer.size, compression };
  });
  return { annotations: manifest.annotations, layers, config };
}

/** @throws ImageError BLOB_MISSING, BLOB_DAMAGED, DOCUMENT_INVALID */
export async function readManifest(layout: Layout, descriptor: Descriptor): Promise<ImageManifest> {
  if (descriptor.mediaType !== MEDIA_TYPE.manifest) throw unknownType(layout, descriptor);
  return readDocument(layout, descriptor, manifestSchema, 'an image manifest');
}

function unknownType({ folder }: Layout, { digest, mediaType }: Descriptor): ImageError {
  return new ImageError(
    'DOCUMENT_INVALID',
    `${folder}: ${digest} is of media type "${printable(mediaType)}"`,
  );
}
