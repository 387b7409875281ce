/** QEMU's versions as its makers write them: `11.1.3`, `11.2.0-rc1`. */

/** The makers' version in a Debian upstream version: what follows `+` is Debian's repacking, `~rc` a candidate. */
export function qemuVersionOf(upstream: string): string {
  return upstream.replace(/\+.*$/, '').replace('~', '-');
}

/** Negative if `a` is older than `b`; a release candidate is older than its release. */
export function compareQemuVersions(a: string, b: string): number {
  const [numbersA = '', candidateA] = a.split('-');
  const [numbersB = '', candidateB] = b.split('-');
  const byNumbers = numbersA.localeCompare(numbersB, 'en', { numeric: true });
  if (byNumbers !== 0 || candidateA === candidateB) return byNumbers;
  if (candidateA === undefined) return 1;
  if (candidateB === undefined) return -1;
  return candidateA.localeCompare(candidateB, 'en', { numeric: true });
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
