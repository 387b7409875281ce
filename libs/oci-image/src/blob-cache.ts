import { constants } from 'node:fs';
import { copyFile, link, lstat, mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { TEMPORARY_PREFIX, temporaryIn } from '@qemu-user-static/files';
import { blobPath, type Layout } from './blob-file.ts';
import { type Digest, hexOf } from './digest.ts';
import { processIdentity } from './process-identity.ts';
import { BlobHasher, type BlobIdentity } from './verify-blobs.ts';

/**
 * Blobs of layouts in a folder of the user's own, by their digests. Nothing of it is used before it was hashed, and
 * nothing that fails in it keeps a layout from being made: it may be read-only, full, damaged, or emptied at any time,
 * also by another run.
 */
export interface BlobCache {
  /** Puts blobs into a layout; whether all are in it now. */
  take(blobs: readonly BlobIdentity[], layout: Layout): Promise<boolean>;
  /** Keeps blobs of a layout. @throws NodeJS.ErrnoException where the folder cannot be written */
  keep(digests: readonly Digest[], layout: Layout): Promise<void>;
  /** Removes the blobs that are not named. */
  removeOthers(digests: ReadonlySet<Digest>): Promise<void>;
  close(): Promise<void>;
}

export async function openBlobCache(folder: string): Promise<BlobCache> {
  const blobs = join(folder, 'sha256');
  const hasher = new BlobHasher();
  await removeLeftOver(blobs);
  const inCache = (digest: Digest) => join(blobs, hexOf(digest));

  const takeOne = async ({ digest, size }: BlobIdentity, layout: Layout): Promise<boolean> => {
    const from = inCache(digest);
    const to = blobPath(layout, digest);
    const temporary = temporaryIn(join(to, '..'));
    try {
      const found = await lstat(from);
      if (found.isFile() && found.size === size) {
        await place(from, temporary);
        // The placed file is hashed, not its origin, which may be another file by now.
        if ((await hasher.hash(temporary)) === digest) {
          await rename(temporary, to);
          return true;
        }
      }
      await discard(from);
    } catch {
      // It is not there, or there is no space: then the layer is made, and what keeps it from that is reported.
    } finally {
      await rm(temporary, { force: true });
    }
    return false;
  };

  const keepOne = async (digest: Digest, layout: Layout): Promise<void> => {
    const [from, to] = [blobPath(layout, digest), inCache(digest)];
    const temporary = join(blobs, await ownTemporary());
    try {
      await place(from, temporary);
      await rename(temporary, to).catch(async () => {
        await discard(to);
        await rename(temporary, to);
      });
    } finally {
      // A rename of one link over another of the same file leaves both. (rename(2))
      await rm(temporary, { force: true });
    }
  };

  return {
    async take(wanted, layout) {
      const taken = await Promise.all(wanted.map((blob) => takeOne(blob, layout)));
      return taken.every(Boolean);
    },
    async keep(digests, layout) {
      await mkdir(blobs, { recursive: true, mode: 0o700 });
      await Promise.all(digests.map((digest) => keepOne(digest, layout)));
    },
    async removeOthers(digests) {
      const names = new Set([...digests].map(hexOf));
      const others = (await namesIn(blobs)).filter((name) => !isTemporary(name) && !names.has(name));
      await Promise.all(others.map((name) => discard(join(blobs, name))));
    },
    close: () => hasher.close(),
  };
}

/** The same bytes under a new name: as a copy that shares them, else as a link, else as a copy. */
async function place(from: string, to: string): Promise<void> {
  const ways = [
    () => copyFile(from, to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE_FORCE),
    () => link(from, to),
  ];
  for (const way of ways) {
    try {
      return await way();
    } catch {
      // Another file system, or one that cannot do it.
    }
  }
  await copyFile(from, to, constants.COPYFILE_EXCL);
}

/** The thing in a blob's place, also a folder. */
function discard(path: string): Promise<void> {
  return rm(path, { recursive: true }).catch(() => undefined);
}

/** A name that a later run knows as that of a process which is gone. */
async function ownTemporary(): Promise<string> {
  const owner = (await processIdentity(process.pid)).replace(' ', '-');
  return `${TEMPORARY_PREFIX}${owner}-${crypto.randomUUID()}`;
}

/** Removes what killed runs left; what another run is writing stays. */
async function removeLeftOver(folder: string): Promise<void> {
  for (const name of (await namesIn(folder)).filter(isTemporary)) {
    const [pid = '', started] = name.slice(TEMPORARY_PREFIX.length).split('-');
    if ((await processIdentity(Number(pid))) !== `${pid} ${started}`) await discard(join(folder, name));
  }
}

function isTemporary(name: string): boolean {
  return name.startsWith(TEMPORARY_PREFIX);
}

function namesIn(folder: string): Promise<string[]> {
  return readdir(folder).catch(() => []);
}
