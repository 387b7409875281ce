import type { Compression } from '@qemu-user-static/compression';
import {
  type Annotations,
  type Descriptor,
  type Document,
  documentOf,
  LAYER_MEDIA_TYPE,
  MEDIA_TYPE,
  type Platform,
} from './descriptor.ts';
import type { Digest } from './digest.ts';

/** A layer as a manifest and a config see it. */
export interface Layer {
  readonly compression: Compression;
  /** Of the compressed blob. */
  readonly digest: Digest;
  readonly size: number;
  /** Of the tar inside. */
  readonly diffId: Digest;
  /** The instruction that made it, for `docker history`. */
  readonly createdBy: string;
}

/** How a container of the image is run. https://github.com/opencontainers/image-spec/blob/v1.1.1/config.md (`config`) */
export interface RunConfig {
  readonly env: readonly string[];
  readonly entrypoint: readonly string[];
  readonly cmd: readonly string[];
  /** Absolute; empty leaves it to the engine. */
  readonly workingDir?: string;
  readonly labels: Annotations;
}

/** One image for one platform: its config and manifest documents. */
export interface Image {
  readonly config: Document;
  readonly manifest: Document;
  readonly layers: readonly Layer[];
}

/** RFC 3339 in UTC without fractions, as OCI's annotations have it. */
export function timestamp(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace('.000Z', 'Z');
}

/**
 * The config and manifest of an image.
 * https://github.com/opencontainers/image-spec/blob/v1.1.1/config.md, …/manifest.md
 *
 * @param created seconds since 1970
 */
export function assembleImage(
  platform: Platform,
  layers: readonly Layer[],
  run: RunConfig,
  created: number,
  annotations: Annotations,
): Image {
  const time = timestamp(created);
  const config = documentOf(MEDIA_TYPE.config, {
    created: time,
    ...platform,
    config: {
      Env: run.env,
      ...(run.entrypoint.length > 0 && { Entrypoint: run.entrypoint }),
      ...(run.cmd.length > 0 && { Cmd: run.cmd }),
      ...(run.workingDir && { WorkingDir: run.workingDir }),
      Labels: sortedByKey(run.labels),
    },
    rootfs: { type: 'layers', diff_ids: layers.map((layer) => layer.diffId) },
    history: layers.map((layer) => ({ created: time, created_by: layer.createdBy })),
  });
  const manifest = documentOf(MEDIA_TYPE.manifest, {
    schemaVersion: 2,
    mediaType: MEDIA_TYPE.manifest,
    config: config.descriptor,
    layers: layers.map(layerDescriptor),
    annotations: sortedByKey(annotations),
  });
  return { config, manifest, layers };
}

/**
 * An index over images of several platforms, in the order given: a client takes the first that fits.
 * https://github.com/opencontainers/image-spec/blob/v1.1.1/image-index.md
 */
export function assembleIndex(manifests: readonly Descriptor[], annotations: Annotations): Document {
  return documentOf(MEDIA_TYPE.index, {
    schemaVersion: 2,
    mediaType: MEDIA_TYPE.index,
    manifests,
    annotations: sortedByKey(annotations),
  });
}

function layerDescriptor({ compression, digest, size }: Layer): Descriptor {
  return { mediaType: LAYER_MEDIA_TYPE[compression], digest, size };
}

function sortedByKey(record: Annotations): Annotations {
  return Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));
}
