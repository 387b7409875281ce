import {
  ArchiveError,
  type ArchiveErrorCode,
  below,
  debianTarOf,
  declaredLicenses,
  downloadSourceFromSnapshot,
  type FetchContext,
  fetchFrom,
  fetchSources,
  readSourceCopyright,
  type Suite,
} from '@qemu-user-static/debian-archive';
import type { Lock, LockedChannel, LockedSource, SourceName } from './lock.ts';
import { platformsOf, sourceKey } from './locked.ts';
import { sourcesOf } from './sources-text.ts';

/**
 * The sources of a channel's packages: from the lock before where it has them, for a version's files never
 * change; else from the suite's index of sources. A version that neither has is left out.
 */
export async function lockSources(
  suite: Suite,
  platforms: LockedChannel['platforms'],
  before: Lock['sources'],
  context: FetchContext,
): Promise<Lock['sources']> {
  const packages = platformsOf({ platforms }).flatMap(([, { emulators, shell }]) => [emulators, shell]);
  const wanted = new Map(packages.flatMap(sourcesOf).map((source) => [sourceKey(source), source]));
  const unknown = [...wanted].filter(([key]) => before[key] === undefined).map(([, source]) => source);
  const sources: Lock['sources'] = {};
  const read = licenseReader(context);
  const found = await findFiles(suite, unknown);
  for (const [key, source] of wanted) {
    const files = before[key]?.files ?? found.get(key);
    if (files === undefined) continue;
    sources[key] = { files, licenses: before[key]?.licenses ?? (await read(source, files)) };
  }
  return sources;
}

type Files = LockedSource['files'];

async function findFiles(suite: Suite, wanted: readonly SourceName[]): Promise<Map<string, Files>> {
  // The index is large.
  if (wanted.length === 0) return new Map();
  const references = wanted.map(({ package: name, version }) => ({ name, version }));
  const found = await fetchSources(suite, references);
  return new Map(
    found.map(({ name, version, files }) => [sourceKey({ package: name, version }), [...files]]),
  );
}

/**
 * Reads a source's licences; null where neither the mirror nor the snapshot service gives the file. The lock is
 * written anyway: the hashes of sources are in the signed index.
 */
function licenseReader(context: FetchContext) {
  // A service that does not answer takes a while to be given up. It is not waited for again.
  let asksService = true;
  return async ({ package: name, version }: SourceName, files: Files): Promise<string[] | null> => {
    const tar = debianTarOf(files);
    if (tar === undefined) return [];
    try {
      const path = await fetchFrom(below(context.mirror, tar.path), tar, context).catch((error: unknown) => {
        if (!isGone(error, 'FILE_GONE') || !asksService) throw error;
        return downloadSourceFromSnapshot(tar, { name, version }, context.snapshot, context);
      });
      return declaredLicenses((await readSourceCopyright(path, tar)) ?? '');
    } catch (error) {
      if (!isGone(error, 'FILE_GONE', 'FILE_GONE_EVERYWHERE')) throw error;
      asksService &&= isGone(error.cause, 'FILE_GONE');
      return null;
    }
  };
}

function isGone(error: unknown, ...codes: readonly ArchiveErrorCode[]): error is ArchiveError {
  return error instanceof ArchiveError && codes.includes(error.code);
}
