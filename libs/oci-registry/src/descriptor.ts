/** The name of one piece of content: https://github.com/opencontainers/image-spec/blob/v1.1.0/descriptor.md */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  /** Bytes. */
  readonly size: number;
  readonly artifactType?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** A manifest or index, byte for byte as it is stored. */
export interface Manifest extends Descriptor {
  readonly bytes: Uint8Array;
}

export const IMAGE_INDEX = 'application/vnd.oci.image.index.v1+json';
export const IMAGE_MANIFEST = 'application/vnd.oci.image.manifest.v1+json';

/** The types that we can read, for one Accept header. */
export const MANIFEST_TYPES = [
  IMAGE_INDEX,
  IMAGE_MANIFEST,
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.docker.distribution.manifest.v2+json',
];
