import {
  type Annotations,
  type Descriptor,
  type Document,
  documentOf,
  MEDIA_TYPE,
} from '@qemu-user-static/oci-image';

/** A file that refers to an image: its blob, and the manifest that says to which. */
export interface Artifact {
  readonly artifactType: string;
  readonly annotations: Annotations;
  readonly blob: Document;
  readonly manifest: Document;
}

/** https://github.com/opencontainers/image-spec/blob/v1.1.1/manifest.md#guidance-for-an-empty-descriptor */
export const EMPTY = documentOf('application/vnd.oci.empty.v1+json', {});

/**
 * A file as an artifact with a subject, the same bytes each time.
 * https://github.com/opencontainers/image-spec/blob/v1.1.1/manifest.md#guidelines-for-artifact-usage
 */
export function artifactOf(
  subject: Descriptor,
  artifactType: string,
  blob: Document,
  annotations: Annotations,
): Artifact {
  const { mediaType, digest, size } = subject;
  const manifest = documentOf(MEDIA_TYPE.manifest, {
    schemaVersion: 2,
    mediaType: MEDIA_TYPE.manifest,
    artifactType,
    config: EMPTY.descriptor,
    layers: [blob.descriptor],
    subject: { mediaType, digest, size },
    annotations,
  });
  return { artifactType, annotations, blob, manifest };
}
