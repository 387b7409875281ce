import { createReadStream } from 'node:fs';
import { decompress } from './decompress.ts';
import type { DownloadContext } from './download.ts';
import { ArchiveError } from './errors.ts';
import { fetchFrom } from './fetch.ts';
import type { ArchiveFile } from './files.ts';
import { fetchKept } from './kept.ts';
import type { ArchiveKey } from './keys.ts';
import { type PackageIndex, readPackages, type SourceReference } from './packages.ts';
import { type ExpectedRelease, type Release, verifyRelease } from './release.ts';
import { findSources, type SourcePackage } from './source-packages.ts';
import { below, withoutCredentials } from './urls.ts';

export interface SuiteContext extends DownloadContext {
  readonly keys: readonly ArchiveKey[];
  readonly now: Date;
  /** Whether a Release past its Valid-Until is taken; `release.expired` says so then. */
  readonly acceptExpired: boolean;
}

/** A suite of a mirror, its Release verified. */
export interface Suite {
  readonly mirror: URL;
  /** The folder under `dists/`: a suite lies there under its codename and under its own name. */
  readonly folder: string;
  readonly release: Release;
  readonly context: SuiteContext;
}

/**
 * Fetches and verifies the suite's InRelease file, by a conditional request where it was fetched before. A mirror in the middle of an update may have a Release
 * under one name of the suite whose indexes it does not have yet, and the one before, whole, under the other.
 *
 * @param folder the name under which it is asked for: codename or suite
 * @throws ArchiveError RELEASE_*, HTTP_*, CONNECTION_*, HOST_NOT_FOUND
 */
export async function openSuite(
  mirror: URL,
  expected: ExpectedRelease,
  context: SuiteContext,
  folder = expected.codename,
): Promise<Suite> {
  const url = below(mirror, `dists/${folder}/InRelease`);
  const text = await fetchKept(url, context).catch((error: unknown) => {
    if (!(error instanceof ArchiveError) || error.code !== 'FILE_GONE') throw error;
    throw new ArchiveError('RELEASE_NOT_FOUND', withoutCredentials(url), error);
  });
  return { mirror, folder, release: await verifyRelease(text, expected, context.keys, context), context };
}

/**
 * The newest version of each package named. The index comes through the cache, by its hash, so it is
 * fetched once for each Release that changes it. A package that is not in it is no error until asked for.
 *
 * @throws ArchiveError INDEX_NOT_IN_RELEASE, INDEX_MALFORMED, COMPRESSION_MALFORMED, XZ_MISSING, and what
 *   `download` throws
 */
export async function fetchPackageIndex(
  { mirror, folder, release, context }: Suite,
  architecture: string,
  packages: readonly string[],
  component = 'main',
): Promise<PackageIndex> {
  const file = findIndex(folder, release, `${component}/binary-${architecture}/Packages.xz`);
  const path = await fetchFrom(below(mirror, file.path), file, context);
  return readPackages(decompress(createReadStream(path), 'xz'), architecture, packages);
}

/**
 * The source packages named, of those versions; one that the suite does not have is not among them.
 *
 * @throws ArchiveError as `fetchPackageIndex`
 */
export async function fetchSources(
  { mirror, folder, release, context }: Suite,
  wanted: readonly SourceReference[],
  component = 'main',
): Promise<SourcePackage[]> {
  const file = findIndex(folder, release, `${component}/source/Sources.xz`);
  const path = await fetchFrom(below(mirror, file.path), file, context);
  return findSources(decompress(createReadStream(path), 'xz'), wanted);
}

/** By hash where the archive has that: a mirror that is being updated gives the index of this Release. */
function findIndex(folder: string, release: Release, name: string): ArchiveFile {
  const entry = release.files.get(name);
  if (entry === undefined) {
    throw new ArchiveError('INDEX_NOT_IN_RELEASE', `the Release of ${release.codename} has no ${name}`);
  }
  const byHash = name.replace(/[^/]+$/, `by-hash/SHA256/${entry.sha256}`);
  return { path: `dists/${folder}/${release.byHash ? byHash : name}`, ...entry };
}
