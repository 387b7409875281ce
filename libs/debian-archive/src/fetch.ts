import type { OnArchiveEvent } from './events.ts';
import type { PoolPackage } from './files.ts';
import type { Http } from './http.ts';

/** Keeps every file the archive ever had. */
export const SNAPSHOT_SERVICE = new URL('https://snapshot-cloudflare.debian.org/');

export interface FetchContext {
  readonly mirror: URL;
  /** SNAPSHOT_SERVICE, or another one with the same API. */
  readonly snapshot: URL;
  /** The cache folder, see `cacheFolder`. */
  readonly cache: string;
  readonly http: Http;
  readonly onEvent?: OnArchiveEvent | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The path of the package in the cache, where it is put first if it is not there (or is damaged). */
export async function fetchFile(_file: PoolPackage, _context: FetchContext): Promise<string> {
  throw new Error('not yet');
}
/** As `fetchFile`, several at once; paths in the order of `files`. The first failure ends the others. */
export async function fetchAll(
  _files: readonly PoolPackage[],
  _context: FetchContext,
  _concurrency = 4,
): Promise<string[]> {
  throw new Error('not yet');
}
