import { compareQemuVersions, fullVersion } from '@qemu-user-static/lock';
import { diff, gt, major, minor, parse } from 'semver';

/** QEMU's own versions, newest first. */
export interface Upstream {
  readonly releases: readonly string[];
  readonly candidates: readonly string[];
}

/** QEMU's versions by the names of its tags: `v11.1.3` is a release, `v11.2.0-rc1` a candidate, others are neither. */
export function upstreamOf(tags: readonly string[]): Upstream {
  const versions = tags
    .filter((tag) => /^v\d+\.\d+\.\d+(-rc\d+)?$/.test(tag))
    .map((tag) => tag.slice(1))
    .sort((a, b) => compareQemuVersions(b, a));
  const isCandidate = (version: string) => parse(version)?.prerelease.length !== 0;
  return {
    releases: versions.filter((version) => !isCandidate(version)),
    candidates: versions.filter(isCandidate),
  };
}

/** The candidate of the next release; null without one. */
export function newestCandidate({
  releases: [newest = '0.0.0'],
  candidates: [first],
}: Upstream): string | null {
  return first !== undefined && gt(first, newest) ? first : null;
}

/** How far a version is behind the newest release. */
export interface Lag {
  readonly newest: string;
  /** The first number in which they differ. */
  readonly kind: 'major' | 'minor' | 'patch';
  /** Releases that are newer. */
  readonly releases: number;
  /** Newest release of the same line, such as 10.0.x, where it is newer. */
  readonly line: string | null;
}

/** Null where no release is newer. */
export function lagOf(short: string, { releases }: Upstream): Lag | null {
  const version = fullVersion(short);
  const newer = releases.filter((release) => gt(release, version));
  const [newest] = newer;
  if (newest === undefined) return null;
  const kind = diff(version, newest);
  const line = newer.find(
    (release) => major(release) === major(version) && minor(release) === minor(version),
  );
  return {
    newest,
    kind: kind === 'major' || kind === 'minor' ? kind : 'patch',
    releases: newer.length,
    line: line ?? null,
  };
}
