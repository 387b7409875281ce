import { COMPRESSIONS, type Compression } from '@qemu-user-static/compression';
import { type Digest, digestOf } from './digest.ts';

/** https://github.com/opencontainers/image-spec/blob/v1.1.1/media-types.md */
export const MEDIA_TYPE = {
  config: 'application/vnd.oci.image.config.v1+json',
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  index: 'application/vnd.oci.image.index.v1+json',
} as const;

export const LAYER_MEDIA_TYPE = {
  gzip: 'application/vnd.oci.image.layer.v1.tar+gzip',
  zstd: 'application/vnd.oci.image.layer.v1.tar+zstd',
} as const satisfies Record<Compression, string>;

/** The compression of a layer of this media type; null for one that is not a layer's. */
export function compressionOf(mediaType: string): Compression | null {
  return COMPRESSIONS.find((compression) => LAYER_MEDIA_TYPE[compression] === mediaType) ?? null;
}

export type Annotations = Readonly<Record<string, string>>;

/** https://github.com/opencontainers/image-spec/blob/v1.1.1/image-index.md (`platform`) */
export interface Platform {
  readonly architecture: string;
  readonly os: string;
  readonly variant?: string;
}

/** https://github.com/opencontainers/image-spec/blob/v1.1.1/descriptor.md */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  /** Bytes. */
  readonly size: number;
  readonly annotations?: Annotations;
  readonly platform?: Platform;
}

/** A JSON document as the bytes that are hashed: compact, in the order its maker gave it. */
export interface Document {
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array;
}

export function documentOf(mediaType: string, value: unknown): Document {
  const bytes = Buffer.from(JSON.stringify(value));
  return { bytes, descriptor: { mediaType, digest: digestOf(bytes), size: bytes.length } };
}
