import { type DownloadContext, download } from './download.ts';
import { ArchiveError, type ArchiveErrorCode } from './errors.ts';
import type { PoolPackage } from './files.ts';
import { fetchSmall } from './small.ts';
import { below } from './urls.ts';

/** Keeps every file the archive ever had. */
export const SNAPSHOT_SERVICE = new URL('https://snapshot-cloudflare.debian.org/');

/**
 * Brings a package that has left the pool into the cache. The service knows files by their SHA-1; that only
 * finds them, and what comes is taken only if its SHA-256 is the locked one.
 * https://salsa.debian.org/snapshot-team/snapshot/blob/master/API
 *
 * @throws ArchiveError FILE_GONE_EVERYWHERE, HASH_DIFFERS, DISK_FULL, CACHE_UNUSABLE
 */
export async function downloadFromSnapshot(
  wanted: PoolPackage,
  service: URL,
  context: DownloadContext,
): Promise<string> {
  try {
    const hashes = await findHashes(wanted, service, context);
    return await downloadFirstRight(wanted, hashes, service, context);
  } catch (error) {
    if (!(error instanceof ArchiveError) || !MEANS_GONE.has(error.code)) throw error;
    throw new ArchiveError('FILE_GONE_EVERYWHERE', nameOf(wanted), error);
  }
}

const MEANS_GONE: ReadonlySet<ArchiveErrorCode> = new Set([
  'FILE_GONE',
  'HTTP_REFUSED',
  'HTTP_FAILED',
  'HOST_NOT_FOUND',
  'CONNECTION_FAILED',
  'CONNECTION_DROPPED',
  'CONNECTION_TIMEOUT',
]);

const nameOf = (wanted: PoolPackage) => `${wanted.package} ${wanted.version} for ${wanted.architecture}`;

/** One version of a package can be in several archives (main, ports, security), and differ there. */
async function downloadFirstRight(
  wanted: PoolPackage,
  hashes: readonly string[],
  service: URL,
  context: DownloadContext,
): Promise<string> {
  let failure = new ArchiveError('FILE_GONE', `${service.host} has no file of ${nameOf(wanted)}`);
  for (const hash of hashes) {
    try {
      return await download(wanted, below(service, `file/${hash}`), context);
    } catch (error) {
      if (!(error instanceof ArchiveError) || !NOT_THE_ONE.has(error.code)) throw error;
      failure = error;
    }
  }
  throw failure;
}

const NOT_THE_ONE: ReadonlySet<ArchiveErrorCode> = new Set(['FILE_GONE', 'SIZE_DIFFERS', 'HASH_DIFFERS']);

interface BinaryFiles {
  readonly result: readonly { readonly architecture: string; readonly hash: string }[];
  readonly fileinfo: Readonly<Record<string, readonly { readonly size: number }[]>>;
}

/** The SHA-1 of every file of this version and architecture that has the right size. */
async function findHashes(wanted: PoolPackage, service: URL, context: DownloadContext): Promise<string[]> {
  const url = below(service, `mr/binary/${wanted.package}/${wanted.version}/binfiles`);
  url.search = 'fileinfo=1';
  const answer = new TextDecoder().decode((await fetchSmall(url, context)).bytes);
  try {
    const { result, fileinfo } = JSON.parse(answer) as BinaryFiles;
    return result
      .filter(({ architecture }) => architecture === wanted.architecture)
      .map(({ hash }) => hash)
      .filter((hash) => /^[0-9a-f]{40}$/.test(hash))
      .filter((hash) => fileinfo[hash]?.some(({ size }) => size === wanted.size));
  } catch (cause) {
    // A login page, or another API than ours.
    throw new ArchiveError('FILE_GONE', `${url.href} is not an answer of the snapshot service`, cause);
  }
}
