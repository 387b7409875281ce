import {
  ArchiveError,
  below,
  debianTarOf,
  declaredLicenses,
  fetchFrom,
  fetchSources,
  readSourceCopyright,
  type Suite,
} from '@qemu-user-static/debian-archive';
import type { Lock, LockedChannel, LockedSource, SourceName } from '../lock.ts';
import { platformsOf, sourceKey } from '../locked.ts';
import { sourcesOf } from '../supply-chain/sources-text.ts';

/**
 * The sources of a channel's packages: from the lock before where it has them, for a version's files never
 * change; else from the suite's index of sources. A version that neither has is left out.
 */
export async function lockSources(
  suite: Suite,
  platforms: LockedChannel['platforms'],
  before: Lock['sources'],
): Promise<Lock['sources']> {
  const packages = platformsOf({ platforms }).flatMap(([, { emulators, shell }]) => [emulators, shell]);
  const wanted = new Map(packages.flatMap(sourcesOf).map((source) => [sourceKey(source), source]));
  const known = [...wanted.keys()].flatMap((key) => (before[key] ? [[key, before[key].files] as const] : []));
  const unknown = [...wanted].filter(([key]) => before[key] === undefined).map(([, source]) => source);
  const sources: Lock['sources'] = {};
  for (const [key, files] of [...known, ...(await findFiles(suite, unknown))]) {
    sources[key] = { files, licenses: before[key]?.licenses ?? (await licensesOf(files, suite)) };
  }
  return sources;
}

type Files = LockedSource['files'];

async function findFiles(suite: Suite, wanted: readonly SourceName[]): Promise<(readonly [string, Files])[]> {
  if (wanted.length === 0) return [];
  const references = wanted.map(({ package: name, version }) => ({ name, version }));
  const found = await fetchSources(suite, references);
  return found.map(
    ({ name, version, files }) => [sourceKey({ package: name, version }), [...files]] as const,
  );
}

/** A mirror that does not carry sources is no reason to have no lock: their hashes are in its signed index. */
async function licensesOf(files: Files, { mirror, context }: Suite): Promise<string[] | null> {
  const tar = debianTarOf(files);
  if (tar === undefined) return [];
  try {
    const path = await fetchFrom(below(mirror, tar.path), tar, context);
    return declaredLicenses((await readSourceCopyright(path, tar)) ?? '');
  } catch (error) {
    if (error instanceof ArchiveError && error.code === 'FILE_GONE') return null;
    throw error;
  }
}
