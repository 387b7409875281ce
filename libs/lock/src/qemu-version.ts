import { coerce, compare } from 'semver';

/** QEMU's versions as its makers write them: `11.1.3`, `11.2.0-rc1`. */

/** The makers' version in a Debian upstream version: what follows `+` is Debian's repacking, `~rc` a candidate. */
export function qemuVersionOf(upstream: string): string {
  return upstream.replace(/\+.*/, '').replace('~', '-');
}

/** Negative if `a` is older than `b`; a release candidate is older than its release. */
export function compareQemuVersions(a: string, b: string): number {
  return compare(ordered(a), ordered(b));
}

/** With its candidate's number apart: semver compares `rc10` with `rc2` as text, and would put it first. */
function ordered(version: string): string {
  return fullVersion(version).replace('-rc', '-rc.');
}

/** With three numbers, as QEMU's tags have them: Debian's `7.2` is 7.2.0. */
export function fullVersion(version: string): string {
  return coerce(version, { includePrerelease: true })?.version ?? version;
}

/** The shorter forms that a version satisfies, `11.1` and `11` for 11.1.3; none for a candidate. */
export function versionPrefixes(version: string): string[] {
  if (version.includes('-')) return [];
  const parts = version.split('.');
  return parts
    .slice(0, -1)
    .map((_, index) => parts.slice(0, index + 1).join('.'))
    .reverse();
}

/** Where QEMU describes what is new. It has a page for each line, and none for point releases. */
export function notesOf(version: string): string {
  return `https://wiki.qemu.org/ChangeLog/${version.split('.').slice(0, 2).join('.')}`;
}

/** Where every change between two versions is. */
export function comparisonOf(before: string, now: string): string {
  return `https://github.com/qemu/qemu/compare/v${fullVersion(before)}...v${fullVersion(now)}`;
}
