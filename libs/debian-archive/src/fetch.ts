import { lstat } from 'node:fs/promises';
import { cachePath, inspectCache } from './cache.ts';
import { type DownloadContext, download } from './download.ts';
import { ArchiveError } from './errors.ts';
import type { ArchiveFile, PoolPackage } from './files.ts';
import { requireOwnFolder } from './own-folder.ts';
import { downloadFromSnapshot } from './snapshot.ts';
import { below } from './urls.ts';

export interface FetchContext extends DownloadContext {
  readonly mirror: URL;
  /** SNAPSHOT_SERVICE, or another one with the same API. */
  readonly snapshot: URL;
}

/**
 * The path of the package in the cache. It is there already (no network is used then), or comes from the
 * mirror, or, if it has left the pool, from the snapshot service.
 *
 * @throws ArchiveError what `download` throws, and FILE_GONE_EVERYWHERE
 */
export async function fetchFile(file: PoolPackage, context: FetchContext): Promise<string> {
  try {
    return await fetchFrom(below(context.mirror, file.path), file, context);
  } catch (error) {
    if (!(error instanceof ArchiveError) || error.code !== 'FILE_GONE') throw error;
    context.onEvent?.({ type: 'snapshot', file });
    return downloadFromSnapshot(file, context.snapshot, context);
  }
}

/** The path of a file in the cache, where it is put first if it is not there, or not what it should be. */
export async function fetchFrom(url: URL, file: ArchiveFile, context: DownloadContext): Promise<string> {
  await requireOwnFolder(context.cache);
  const state = await inspectCache(context.cache, file);
  if (state === 'present') {
    context.onEvent?.({ type: 'cache-hit', file });
    return cachePath(context.cache, file.sha256);
  }
  if (state === 'damaged') context.onEvent?.({ type: 'cache-damaged', file });
  return download(file, url, context);
}

/**
 * The files of which the cache has nothing of the right size. No file is read: `fetchFile` compares it with its hash.
 * @throws ArchiveError CACHE_NOT_OWN, CACHE_UNUSABLE, DISK_FULL
 */
export async function missingFrom<T extends ArchiveFile>(cache: string, files: readonly T[]): Promise<T[]> {
  await requireOwnFolder(cache);
  const found = await Promise.all(
    files.map(({ sha256 }) => lstat(cachePath(cache, sha256)).catch(() => null)),
  );
  return files.filter(({ size }, index) => !found[index]?.isFile() || found[index].size !== size);
}

/**
 * As `fetchFile`, several at once; the paths are in the order of `files`. The first failure ends the
 * others, whose beginnings are kept, and is thrown once they have ended.
 */
export async function fetchAll(
  files: readonly PoolPackage[],
  context: FetchContext,
  concurrency = 4,
): Promise<string[]> {
  const stop = new AbortController();
  const signal = AbortSignal.any([stop.signal, ...(context.signal ? [context.signal] : [])]);
  // The same package can be asked for by several channels.
  const waiting = [...new Map(files.map((file) => [file.sha256, file])).values()];
  const paths = new Map<string, string>();
  const work = async () => {
    for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) {
      signal.throwIfAborted();
      paths.set(file.sha256, await fetchFile(file, { ...context, signal }));
    }
  };
  const failures: unknown[] = [];
  const workers = Array.from({ length: concurrency }, () =>
    work().catch((error) => {
      failures.push(error);
      stop.abort(error);
    }),
  );
  await Promise.all(workers);
  if (failures.length > 0) throw failures[0];
  return files.map(({ sha256 }) => paths.get(sha256) ?? '');
}
