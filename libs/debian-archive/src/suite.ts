import { createReadStream } from 'node:fs';
import { CheckedFile, checked, type Expected } from './checked.ts';
import { decompress } from './decompress.ts';
import type { DownloadContext } from './download.ts';
import { ArchiveError } from './errors.ts';
import { fetchFrom } from './fetch.ts';
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
  /** The folder under `dists/`: a suite is there under its codename and under its own name. */
  readonly folder: string;
  readonly release: Release;
  readonly context: SuiteContext;
}

/**
 * Fetches and verifies the suite's InRelease file, by a conditional request if it was fetched before. A mirror in the
 * middle of an update may have, under one name of the suite, a Release whose indexes it does not have yet, and the
 * whole Release before it under the other name.
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
 * fetched once for each Release that changes it. A package that is missing is an error only when it is requested.
 *
 * @throws ArchiveError INDEX_NOT_IN_RELEASE, INDEX_MALFORMED, COMPRESSION_MALFORMED, XZ_MISSING, XZ_FAILED, and
 *   what `download` throws
 */
export async function fetchPackageIndex(
  suite: Suite,
  architecture: string,
  packages: readonly string[],
  component = 'main',
): Promise<PackageIndex> {
  return readPackages(
    readIndex(suite, `${component}/binary-${architecture}/Packages`),
    architecture,
    packages,
  );
}

/**
 * The source packages named, of those versions; one that the suite does not have is not among them.
 *
 * @throws ArchiveError as `fetchPackageIndex`
 */
export async function fetchSources(
  suite: Suite,
  wanted: readonly SourceReference[],
  component = 'main',
): Promise<SourcePackage[]> {
  return findSources(readIndex(suite, `${component}/source/Sources`), wanted);
}

/**
 * An index of the Release, decompressed. Both the compressed bytes and what xz makes of them are hashed as they are read:
 * a Release lists an index in both forms, also where the archive has only the compressed one.
 * https://wiki.debian.org/DebianRepository/Format#MD5Sum.2C_SHA1.2C_SHA256
 */
async function* readIndex(
  { mirror, folder, release, context }: Suite,
  name: string,
): AsyncGenerator<Uint8Array> {
  const [packed, plain] = [findEntry(release, `${name}.xz`), findEntry(release, name)];
  const wanted = { path: `dists/${folder}/${addressOf(release, `${name}.xz`, packed)}`, ...packed };
  const path = await fetchFrom(below(mirror, wanted.path), wanted, context);
  const file = new CheckedFile(createReadStream(path), packed);
  const otherThanSigned = (_: string, message: string) =>
    new ArchiveError('XZ_FAILED', `xz, for ${name}: ${message}`);
  try {
    yield* checked(decompress(file, 'xz'), plain, otherThanSigned);
  } catch (error) {
    throw await file.blameXz(error);
  } finally {
    await file.close();
  }
}

function findEntry(release: Release, name: string): Expected {
  const entry = release.files.get(name);
  if (entry !== undefined) return entry;
  throw new ArchiveError('INDEX_NOT_IN_RELEASE', `the Release of ${release.codename} has no ${name}`);
}

/** By hash where the archive has that: a mirror that is being updated gives the index of this Release. */
function addressOf(release: Release, name: string, { sha256 }: Expected): string {
  return release.byHash ? name.replace(/[^/]+$/, `by-hash/SHA256/${sha256}`) : name;
}
