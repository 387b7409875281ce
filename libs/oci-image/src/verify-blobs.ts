import { lstat, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { blobPath, type Layout } from './blob-file.ts';
import { stampsOf } from './blob-stamps.ts';
import type { Digest } from './digest.ts';
import digestOfFile from './hash-worker.ts';
import { blobSize } from './layout.ts';
import { SMALL, WorkerPool } from './worker-pool.ts';

/** A blob by what identifies it. */
export interface BlobIdentity {
  readonly digest: Digest;
  readonly size: number;
}

/** A problem of a blob. */
export interface BadBlob extends BlobIdentity {
  readonly problem: 'missing' | 'wrong size' | 'wrong digest';
}

/**
 * The blobs that are not what their names say: every byte of every blob is hashed, on all cores, since a
 * layout is over a gigabyte and this is done on each run.
 */
export async function findBadBlobs(layout: Layout, blobs: Iterable<BlobIdentity>): Promise<BadBlob[]> {
  const bad: BadBlob[] = [];
  const whole: BlobIdentity[] = [];
  const unique = new Map(Array.from(blobs, (blob) => [`${blob.digest} ${blob.size}`, blob]));
  for (const { digest, size } of unique.values()) {
    const found = await blobSize(layout, digest);
    if (found === size) whole.push({ digest, size });
    else bad.push({ digest, size, problem: found === null ? 'missing' : 'wrong size' });
  }
  const hashes = await hashFiles(whole.map(({ digest }) => blobPath(layout, digest)));
  whole.forEach((blob, index) => {
    if (hashes[index] !== blob.digest) bad.push({ ...blob, problem: 'wrong digest' });
  });
  return bad;
}

function digestNamed(name: string): Digest {
  return `sha256:${name}`;
}

/** The findings about every blob in a layout. */
export interface BlobInventory {
  /** Read from disk, every byte, and found to be what their names say; or trusted to be that. */
  readonly sound: ReadonlySet<Digest>;
  /** Names of the files that were not, and are gone now. */
  readonly removed: readonly string[];
}

/**
 * Removes the blobs that are not what their names say, so that whatever is there can be relied on.
 * @param trusted stamps of blobs that are taken for what they were when they were hashed, and are not read
 */
export async function removeBadBlobs(
  layout: Layout,
  trusted: ReadonlyMap<Digest, string> = new Map(),
): Promise<BlobInventory> {
  const folder = join(layout.folder, 'blobs', 'sha256');
  const names = await readdir(folder);
  const stamps = await stampsOf(layout, names.map(digestNamed));
  const isTrusted = (name: string) => {
    const stamp = stamps.get(digestNamed(name));
    return stamp !== undefined && trusted.get(digestNamed(name)) === stamp.text;
  };
  const unread = names.filter((name) => !isTrusted(name));
  const hashes = await hashFiles(unread.map((name) => join(folder, name)));
  const removed = unread.filter((name, index) => hashes[index] !== digestNamed(name));
  await Promise.all(removed.map((name) => rm(join(folder, name), { force: true })));
  const gone = new Set(removed);
  return {
    removed,
    sound: new Set(names.filter((name) => !gone.has(name)).map(digestNamed)),
  };
}

/** Digests of files, in their order; null for one that cannot be read. */
async function hashFiles(paths: readonly string[]): Promise<(Digest | null)[]> {
  const hasher = new BlobHasher();
  try {
    return await Promise.all(paths.map((path) => hasher.hash(path)));
  } finally {
    await hasher.close();
  }
}

/** Hashes files on all cores. */
export class BlobHasher {
  readonly #workers = new WorkerPool('./hash-worker.ts');

  /** A file's digest; null for one that cannot be read or is not a regular file. */
  async hash(path: string): Promise<Digest | null> {
    const found = await lstat(path).catch(() => null);
    return found !== null && found.size > SMALL ? this.#workers.run(path) : digestOfFile(path);
  }

  close(): Promise<void> {
    return this.#workers.close();
  }
}
