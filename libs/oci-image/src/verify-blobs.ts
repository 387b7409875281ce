import { readdir, rm } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { Tinypool } from 'tinypool';
import { blobPath, type Layout } from './blob-file.ts';
import type { Digest } from './digest.ts';
import { blobSize } from './layout.ts';

/** A blob by what identifies it. */
export interface BlobIdentity {
  readonly digest: Digest;
  readonly size: number;
}

/** What is wrong with a blob. */
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
  for (const { digest, size } of new Map(Array.from(blobs, (blob) => [blob.digest, blob])).values()) {
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

/** What was found of every blob that lies in a layout. */
export interface BlobInventory {
  /** Read from disk, every byte, and found to be what their names say. */
  readonly sound: ReadonlySet<Digest>;
  /** Names of the files that were not, and are gone now. */
  readonly removed: readonly string[];
}

/** Removes the blobs that are not what their names say, so that whatever is there can be relied on. */
export async function removeBadBlobs(layout: Layout): Promise<BlobInventory> {
  const folder = join(layout.folder, 'blobs', 'sha256');
  const names = await readdir(folder);
  const hashes = await hashFiles(names.map((name) => join(folder, name)));
  const removed = names.filter((name, index) => hashes[index] !== `sha256:${name}`);
  await Promise.all(removed.map((name) => rm(join(folder, name), { force: true })));
  const gone = new Set(removed);
  return {
    removed,
    sound: new Set(names.filter((name) => !gone.has(name)).map((name): Digest => `sha256:${name}`)),
  };
}

/** Digests of files, in their order; null for one that cannot be read. */
async function hashFiles(paths: readonly string[]): Promise<(Digest | null)[]> {
  if (paths.length === 0) return [];
  const workers = new Tinypool({
    filename: new URL('./hash-worker.ts', import.meta.url).href,
    maxThreads: Math.min(availableParallelism(), paths.length),
  });
  try {
    return await Promise.all(paths.map((path): Promise<Digest | null> => workers.run(path)));
  } finally {
    await workers.destroy();
  }
}
