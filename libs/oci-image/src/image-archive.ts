import { type Layout, openBlob } from './blob-file.ts';
import { type Descriptor, MEDIA_TYPE } from './descriptor.ts';
import { hexOf, runningDigest } from './digest.ts';
import { ImageError } from './errors.ts';
import { REF_NAME } from './layout.ts';
import type { ImageManifest } from './schemas.ts';
import { END_OF_ARCHIVE, tarEntry, tarEntryLength, tarHeader } from './tar-entry.ts';
import { readManifest } from './walk-layout.ts';

/**
 * `oci-archive` is an OCI layout in a tar file
 * (https://github.com/opencontainers/image-spec/blob/v1.1.1/image-layout.md). `docker-archive` has a
 * `manifest.json` beside it, which old Docker Engines read too
 * (https://github.com/moby/docker-image-spec/blob/v1.3.1/spec.md#combined-image-json--filesystem-changeset-format).
 */
export const ARCHIVE_FORMATS = ['oci-archive', 'docker-archive'] as const;
export type ArchiveFormat = (typeof ARCHIVE_FORMATS)[number];

/** An image's name: `owner/qemu-user-static` and `latest`. */
export interface ImageName {
  readonly repository: string;
  readonly tag: string;
}

/** Nothing in an archive is of a time: the bytes are the same for the same image and name. */
const MTIME = 0;

/**
 * One image of a layout as an archive, blob by blob.
 * @throws ImageError BLOB_MISSING, DOCUMENT_INVALID, and BLOB_DAMAGED where a blob is not what its digest says: nothing damaged is handed on whole
 */
export async function* imageArchive(
  layout: Layout,
  descriptor: Descriptor,
  name: ImageName,
  format: ArchiveFormat,
): AsyncGenerator<Uint8Array> {
  const manifest = await readManifest(layout, descriptor);
  yield* file('oci-layout', { imageLayoutVersion: '1.0.0' });
  yield* file('index.json', indexOf(descriptor, name));
  if (format === 'docker-archive') yield* file('manifest.json', dockerManifest(manifest, name));
  yield folder('blobs');
  yield folder('blobs/sha256');
  const blobs = new Map(
    [descriptor, manifest.config, ...manifest.layers].map((blob) => [blob.digest, blob] as const),
  );
  for (const blob of blobs.values()) yield* blobEntry(layout, blob);
  yield END_OF_ARCHIVE;
}

function indexOf(descriptor: Descriptor, { repository, tag }: ImageName) {
  const { mediaType, digest, size } = descriptor;
  // containerd, and so newer engines, take a full name from an annotation of its own.
  const annotations = { [REF_NAME]: tag, 'io.containerd.image.name': `${fullName(repository)}:${tag}` };
  return {
    schemaVersion: 2,
    mediaType: MEDIA_TYPE.index,
    manifests: [{ mediaType, digest, size, annotations }],
  };
}

function dockerManifest({ config, layers }: ImageManifest, { repository, tag }: ImageName) {
  return [
    {
      Config: archivePath(config),
      RepoTags: [`${repository}:${tag}`],
      Layers: layers.map(archivePath),
    },
  ];
}

/** A name without a registry's host is one on Docker Hub. https://pkg.go.dev/github.com/distribution/reference */
function fullName(repository: string): string {
  const [first = '', ...rest] = repository.split('/');
  if (rest.length === 0) return `docker.io/library/${repository}`;
  return /[.:]|^localhost$/.test(first) ? repository : `docker.io/${repository}`;
}

function archivePath({ digest }: Descriptor): string {
  return `blobs/sha256/${hexOf(digest)}`;
}

function folder(path: string): Uint8Array {
  return tarHeader({ path, type: 'directory', mode: 0o755, size: 0 }, MTIME);
}

function* file(path: string, value: unknown): Generator<Uint8Array> {
  const content = Buffer.from(JSON.stringify(value));
  yield* tarEntry({ path, type: 'file', mode: 0o644, size: content.length }, content, MTIME);
}

async function* blobEntry(layout: Layout, blob: Descriptor): AsyncGenerator<Uint8Array> {
  const path = archivePath(blob);
  yield tarHeader({ path, type: 'file', mode: 0o644, size: blob.size }, MTIME);
  const digest = runningDigest();
  const file = await openBlob(layout, blob.digest, blob.size);
  for await (const chunk of file.createReadStream()) {
    digest.update(chunk);
    yield chunk;
  }
  if (digest.end() !== blob.digest)
    throw new ImageError('BLOB_DAMAGED', `${layout.folder}: blob ${blob.digest} has another digest`);
  yield new Uint8Array(tarEntryLength(blob.size) - tarEntryLength(0) - blob.size);
}
