import { mkdir, readdir, rm, stat, utimes } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { claimFolder, type FolderContents, memoPath, recall, remember } from '@qemu-user-static/files';
import {
  type BlobCache,
  type Digest,
  type Layer,
  type Layout,
  openBlobCache,
} from '@qemu-user-static/oci-image';
import type { OnEvent } from '../report/events.ts';

/** Layers of earlier runs, of whatever checkout and layout, in the user's cache. */
export interface LayerCache {
  /** What was made under a key, its layers put into the layout; null where that is not to be had whole. */
  take<T>(key: string, layout: Layout): Promise<T | null>;
  keep<T>(key: string, value: T, layers: readonly Layer[], layout: Layout): Promise<void>;
  /** Blobs that were taken: each was hashed. */
  readonly taken: ReadonlySet<Digest>;
  /** Removes what is beyond the bound, and gives back workers. */
  close(): Promise<void>;
}

interface Kept<T> {
  readonly value: T;
  readonly blobs: readonly { readonly digest: Digest; readonly size: number }[];
}

/** A damaged cache may have folders in the place of blobs. */
const CONTENTS: FolderContents = { kind: 'layers', files: ['sha256/**', '.memo/*'] };

/** Bytes: three channels of eight platforms, and as much again. */
const BOUND = 12e9;

/**
 * Nothing is read, written or removed where the folder for layers is not this project's own.
 *
 * @param cache the user's cache folder
 * @param bound bytes of blobs; what was used last stays
 */
export async function openLayerCache(cache: string, onEvent: OnEvent, bound = BOUND): Promise<LayerCache> {
  const folder = join(cache, 'layers');
  const unusable = (error: unknown) =>
    onEvent({ type: 'note', text: `layers are not kept in ${folder}: ${(error as Error).message}` });
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await claimFolder(folder, CONTENTS);
  } catch (error) {
    unusable(error);
    return NO_CACHE;
  }
  const blobCache = await openBlobCache(folder);
  const taken = new Set<Digest>();
  let usable = true;
  return {
    async take<T>(key: string, layout: Layout) {
      const kept = await recall<Kept<T>>({ folder }, key, key);
      if (kept === null || !(await blobCache.take(kept.blobs, layout))) return null;
      for (const { digest } of kept.blobs) taken.add(digest);
      await markUsed(memoPath({ folder }, key));
      return kept.value;
    },
    async keep(key, value, layers, layout) {
      if (!usable) return;
      const blobs = layers.map(({ digest, size }) => ({ digest, size }));
      try {
        await blobCache.keep(
          blobs.map(({ digest }) => digest),
          layout,
        );
        await remember({ folder }, key, key, { value, blobs } satisfies Kept<unknown>);
      } catch (error) {
        usable = false;
        unusable(error);
      }
    },
    taken,
    async close() {
      await blobCache.close();
      await evict(folder, blobCache, bound).catch(() => undefined);
    },
  };
}

const NO_CACHE: LayerCache = {
  take: async () => null,
  keep: async () => undefined,
  taken: new Set(),
  close: async () => undefined,
};

/** The time of a memo's file is that of its last use. Never a blob's: layouts may have the same file. */
async function markUsed(path: string): Promise<void> {
  const now = new Date();
  await utimes(path, now, now).catch(() => undefined);
}

/** Removes what was not used for longest, until the rest is within the bound; and blobs that nothing names. */
async function evict(folder: string, blobCache: BlobCache, bound: number): Promise<void> {
  const memos = await Promise.all(
    (await readdir(join(folder, '.memo'))).map((name) => readKept(folder, name)),
  );
  memos.sort((a, b) => b.used - a.used);
  const kept = new Map<Digest, number>();
  let bytes = 0;
  for (const { path, blobs } of memos) {
    const more = blobs.filter(({ digest }) => !kept.has(digest));
    const size = more.reduce((sum, one) => sum + one.size, 0);
    if (bytes + size > bound) await rm(path, { force: true });
    else {
      bytes += size;
      for (const one of more) kept.set(one.digest, one.size);
    }
  }
  await blobCache.removeOthers(new Set(kept.keys()));
}

/** A memo that is damaged names nothing. */
async function readKept(folder: string, name: string) {
  const path = join(folder, '.memo', name);
  const key = basename(name, '.json');
  const kept = await recall<Kept<unknown>>({ folder }, key, key);
  // Another run may have removed it.
  const used = await stat(path).then(
    ({ mtimeMs }) => mtimeMs,
    () => 0,
  );
  return { path, used, blobs: kept?.blobs ?? [] };
}
