import { lstat, mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  claimFolder,
  type FolderContents,
  replaceFile,
  TEMPORARY_PREFIX,
  temporaryIn,
} from '@qemu-user-static/files';
import type { z } from 'zod';
import { blobPath, type Layout, openRegular } from './blob-file.ts';
import { type Descriptor, type Document, MEDIA_TYPE } from './descriptor.ts';
import { type Digest, hexOf, runningDigest } from './digest.ts';
import { ImageError } from './errors.ts';
import { MAX_DOCUMENT } from './read-document.ts';
import { indexSchema, layoutMarkSchema, parseDocument } from './schemas.ts';

/** The annotation by which `index.json` names a tag. */
export const REF_NAME = 'org.opencontainers.image.ref.name';

/** The one top-level document of a layout. */
export interface LayoutIndex {
  readonly schemaVersion: 2;
  readonly mediaType: typeof MEDIA_TYPE.index;
  readonly manifests: readonly Descriptor[];
}

/** The files that a folder may contain so that a layout is written into it. Other tools' layouts do not have the mark. */
export const LAYOUT_CONTENTS: FolderContents = {
  kind: 'OCI image layouts',
  files: ['oci-layout', 'index.json', `blobs/sha256/${'[0-9a-f]'.repeat(64)}`, '.memo/*.json', '.writer*'],
};

/**
 * Makes the folder an (empty) layout, unless it is one of this project, and clears what a killed run left half-written.
 * @throws FilesError FOLDER_FOREIGN; nothing is touched then
 */
export async function createLayout(folder: string): Promise<Layout> {
  await claimFolder(folder, LAYOUT_CONTENTS);
  const blobs = join(folder, 'blobs', 'sha256');
  await mkdir(blobs, { recursive: true });
  for (const place of [folder, blobs]) {
    const leftOver = (await readdir(place)).filter((name) => name.startsWith(TEMPORARY_PREFIX));
    await Promise.all(leftOver.map((name) => rm(join(place, name), { force: true })));
  }
  await replaceFile(join(folder, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }));
  return { folder };
}

/** A blob that is being written; it has its name only once it is whole. */
export interface BlobWriter {
  write(chunk: Uint8Array): Promise<void>;
  /** Gives the blob its name. */
  commit(): Promise<{ digest: Digest; size: number }>;
  abort(): Promise<void>;
}

export async function createBlob(layout: Layout): Promise<BlobWriter> {
  const temporary = temporaryIn(join(layout.folder, 'blobs', 'sha256'));
  const file = await open(temporary, 'wx', 0o644);
  const digest = runningDigest();
  return {
    async write(chunk) {
      digest.update(chunk);
      // One `write` may take less than all of a large chunk; `appendFile` goes on until it is through.
      await file.appendFile(chunk);
    },
    async commit() {
      await file.close();
      const written = { digest: digest.end(), size: digest.size };
      await rename(temporary, blobPath(layout, written.digest));
      return written;
    },
    async abort() {
      await file.close().catch(() => undefined);
      await rm(temporary, { force: true });
    },
  };
}

/** Writes a document, unless it is there. */
export async function putDocument(layout: Layout, { descriptor, bytes }: Document): Promise<void> {
  if ((await blobSize(layout, descriptor.digest)) === descriptor.size) return;
  await replaceFile(blobPath(layout, descriptor.digest), bytes);
}

/** Makes `manifests` the layout's contents: from one moment to the next, a reader sees the old or the new. */
export async function writeIndex(layout: Layout, manifests: readonly Descriptor[]): Promise<void> {
  const index: LayoutIndex = { schemaVersion: 2, mediaType: MEDIA_TYPE.index, manifests };
  await replaceFile(join(layout.folder, 'index.json'), `${JSON.stringify(index, null, 2)}\n`);
}

/**
 * The contents of the layout.
 * @throws ImageError LAYOUT_INVALID
 */
export async function readIndex(layout: Layout): Promise<LayoutIndex> {
  await readTopLevel(layout, 'oci-layout', layoutMarkSchema);
  return readTopLevel(layout, 'index.json', indexSchema);
}

async function readTopLevel<T>({ folder }: Layout, name: string, schema: z.ZodType<T>): Promise<T> {
  const path = join(folder, name);
  try {
    const opened = await openRegular(path);
    if (opened === null) throw new ImageError('LAYOUT_INVALID', `${folder} does not have the file ${name}`);
    const { file, size } = opened;
    try {
      if (size > MAX_DOCUMENT) throw new Error(`it has ${size} bytes, which is too large`);
      return parseDocument(schema, await file.readFile(), 'that of an OCI image layout');
    } finally {
      await file.close();
    }
  } catch (cause) {
    if (cause instanceof ImageError) throw cause;
    throw new ImageError('LAYOUT_INVALID', `${path} cannot be read: ${(cause as Error).message}`, cause);
  }
}

/** Removes every blob that is not in `keep`. */
export async function removeOtherBlobs(layout: Layout, keep: ReadonlySet<Digest>): Promise<void> {
  const blobs = join(layout.folder, 'blobs', 'sha256');
  const names = new Set(Array.from(keep, hexOf));
  for (const name of await readdir(blobs)) {
    if (!names.has(name)) await rm(join(blobs, name), { force: true });
  }
}

/** Size of a blob's file, or null if it is not a regular file. */
export async function blobSize(layout: Layout, digest: Digest): Promise<number | null> {
  const found = await lstat(blobPath(layout, digest)).catch(() => null);
  return found?.isFile() ? found.size : null;
}
