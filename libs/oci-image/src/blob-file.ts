import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { printable } from '@qemu-user-static/errors';
import { type Digest, hexOf, isDigest } from './digest.ts';
import { ImageError } from './errors.ts';

/** An OCI image layout in a folder. https://github.com/opencontainers/image-spec/blob/v1.1.1/image-layout.md */
export interface Layout {
  readonly folder: string;
}

/** @throws ImageError LAYOUT_INVALID for a digest that is not one, which could lead out of the folder */
export function blobPath(layout: Layout, digest: Digest): string {
  if (!isDigest(digest))
    throw new ImageError(
      'LAYOUT_INVALID',
      `${layout.folder}: "${printable(String(digest))}" is not a digest`,
    );
  return join(layout.folder, 'blobs', 'sha256', hexOf(digest));
}

/** Never waits for the other end of a FIFO, and never follows a link out of the layout. */
export const OPEN_FLAGS = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW;

/** System calls' errors where a path leads to no file at all, and where it leads to something other than one. */
const ABSENT = new Set(['ENOENT', 'ENOTDIR']);
const NOT_A_FILE = new Set(['ELOOP', 'ENXIO', 'ENODEV']);

/** A regular file, opened for reading, and its size; null if it does not exist. @throws Error for anything else */
export async function openRegular(path: string): Promise<{ file: FileHandle; size: number } | null> {
  const file = await open(path, OPEN_FLAGS).catch((error: NodeJS.ErrnoException) => {
    if (ABSENT.has(error.code ?? '')) return null;
    if (NOT_A_FILE.has(error.code ?? '')) throw new NotRegularError();
    throw error;
  });
  if (file === null) return null;
  const found = await file.stat();
  if (found.isFile()) return { file, size: found.size };
  await file.close();
  throw new NotRegularError();
}

export class NotRegularError extends Error {
  constructor() {
    super('it is not a regular file');
  }
}

/**
 * A blob, opened for reading. The caller closes it.
 * @param size what it has to be, in bytes; undefined where that is not known
 * @throws ImageError BLOB_MISSING, and BLOB_DAMAGED where it is not a regular file or has another size
 */
export async function openBlob(layout: Layout, digest: Digest, size?: number): Promise<FileHandle> {
  const opened = await openRegular(blobPath(layout, digest)).catch((error: Error) => {
    if (!(error instanceof NotRegularError)) throw error;
    throw new ImageError('BLOB_DAMAGED', `${layout.folder}: blob ${digest} is not a regular file`);
  });
  if (opened === null) throw new ImageError('BLOB_MISSING', `${layout.folder} does not have blob ${digest}`);
  if (size === undefined || opened.size === size) return opened.file;
  await opened.file.close();
  throw new ImageError(
    'BLOB_DAMAGED',
    `${layout.folder}: blob ${digest} has ${opened.size} bytes, not ${size}`,
  );
}
