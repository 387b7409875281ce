import { type DownloadContext, download } from './download.ts';
import { ArchiveError, type ArchiveErrorCode } from './errors.ts';
import type { ArchiveFile, PoolPackage } from './files.ts';
import type { SourceReference } from './packages.ts';
import { fetchSmall } from './small.ts';
import { below } from './urls.ts';

/** Keeps every file the archive ever had. */
export const SNAPSHOT_SERVICE = new URL('https://snapshot-cloudflare.debian.org/');

/**
 * Downloads a package that has left the pool into the cache. The service knows files by their SHA-1; that only
 * finds them, and what comes is taken only if its SHA-256 is the locked one.
 * https://salsa.debian.org/snapshot-team/snapshot/blob/master/API
 *
 * @throws ArchiveError FILE_GONE_EVERYWHERE, HASH_DIFFERS, DISK_FULL, CACHE_UNUSABLE
 */
export function downloadFromSnapshot(
  file: PoolPackage,
  service: URL,
  context: DownloadContext,
): Promise<string> {
  const { package: name, version, architecture } = file;
  const wanted: Wanted = {
    file,
    name: `${name} ${version} for ${architecture}`,
    question: `mr/binary/${name}/${version}/binfiles`,
    isAmong: (one) => one.architecture === architecture,
  };
  return downloadWanted(wanted, service, context);
}

/** As `downloadFromSnapshot`, a file of a source package. */
export function downloadSourceFromSnapshot(
  file: ArchiveFile,
  { name, version }: SourceReference,
  service: URL,
  context: DownloadContext,
): Promise<string> {
  const wanted: Wanted = {
    file,
    name: `${file.path} of the source ${name} ${version}`,
    question: `mr/package/${name}/${version}/srcfiles`,
    isAmong: () => true,
  };
  return downloadWanted(wanted, service, context);
}

/** A file, and how the service is asked for it. */
interface Wanted {
  readonly file: ArchiveFile;
  /** For a person. */
  readonly name: string;
  readonly question: string;
  /** Whether it can be this one of the answer. */
  isAmong(one: Answer['result'][number]): boolean;
}

async function downloadWanted(wanted: Wanted, service: URL, context: DownloadContext): Promise<string> {
  try {
    const hashes = await findHashes(wanted, service, context);
    return await downloadFirstRight(wanted, hashes, service, context);
  } catch (error) {
    if (!(error instanceof ArchiveError) || !MEANS_GONE.has(error.code)) throw error;
    throw new ArchiveError('FILE_GONE_EVERYWHERE', wanted.name, error);
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

/** One version of a package can be in several archives (main, ports, security), and differ there. */
async function downloadFirstRight(
  { file, name }: Wanted,
  hashes: readonly string[],
  service: URL,
  context: DownloadContext,
): Promise<string> {
  let failure = new ArchiveError('FILE_GONE', `${service.host} has no file of ${name}`);
  for (const hash of hashes) {
    try {
      return await download(file, below(service, `file/${hash}`), context);
    } catch (error) {
      if (!(error instanceof ArchiveError) || !NOT_THE_ONE.has(error.code)) throw error;
      failure = error;
    }
  }
  throw failure;
}

const NOT_THE_ONE: ReadonlySet<ArchiveErrorCode> = new Set(['FILE_GONE', 'SIZE_DIFFERS', 'HASH_DIFFERS']);

interface Answer {
  readonly result: readonly { readonly architecture?: string; readonly hash: string }[];
  readonly fileinfo: Readonly<Record<string, readonly { readonly size: number }[]>>;
}

/** There are as many archives at most (debian, debian-ports, debian-security, …) that may have a file of this name. */
const MOST_CANDIDATES = 8;

/** The SHA-1 of every file of this version, and architecture where it has one, that has the right size. */
async function findHashes(
  { file, question, isAmong }: Wanted,
  service: URL,
  context: DownloadContext,
): Promise<string[]> {
  const url = below(service, question);
  url.search = 'fileinfo=1';
  const answer = new TextDecoder().decode((await fetchSmall(url, context)).bytes);
  try {
    const { result, fileinfo } = JSON.parse(answer) as Answer;
    const hashes = new Set(result.filter((one) => isAmong(one)).map(({ hash }) => hash));
    return [...hashes]
      .filter((hash) => /^[0-9a-f]{40}$/.test(hash))
      .filter((hash) => fileinfo[hash]?.some(({ size }) => size === file.size))
      .slice(0, MOST_CANDIDATES);
  } catch (cause) {
    // A login page, or another API than ours.
    throw new ArchiveError('FILE_GONE', `${url.href} is not an answer of the snapshot service`, cause);
  }
}
