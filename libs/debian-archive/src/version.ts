import { ArchiveError } from './errors.ts';

/** A Debian version taken apart; a native package has the revision `''`. */
export interface Version {
  readonly epoch: number;
  readonly upstream: string;
  readonly revision: string;
}

/**
 * `[epoch:]upstream[-revision]`.
 * https://www.debian.org/doc/debian-policy/ch-controlfields.html#version
 *
 * @throws ArchiveError VERSION_MALFORMED
 */
export function parseVersion(text: string): Version {
  const colon = text.indexOf(':');
  const hyphen = text.lastIndexOf('-');
  const epoch = colon === -1 ? '0' : text.slice(0, colon);
  const upstream = text.slice(colon + 1, hyphen === -1 ? undefined : hyphen);
  const revision = hyphen === -1 ? '' : text.slice(hyphen + 1);
  const wellFormed =
    /^\d{1,9}$/.test(epoch) && /^[A-Za-z0-9.+~-]+$/.test(upstream) && /^[A-Za-z0-9.+~]*$/.test(revision);
  if (!wellFormed || (hyphen !== -1 && revision === '')) {
    throw new ArchiveError('VERSION_MALFORMED', `"${text}" is not a Debian version`);
  }
  return { epoch: Number(epoch), upstream, revision };
}

/**
 * Debian's order: negative when `a` is older than `b`, 0 when neither is.
 *
 * @throws ArchiveError VERSION_MALFORMED
 */
export function compareVersions(a: string, b: string): number {
  const left = parseVersion(a);
  const right = parseVersion(b);
  return (
    left.epoch - right.epoch ||
    compareParts(left.upstream, right.upstream) ||
    compareParts(left.revision, right.revision)
  );
}

/** Runs of non-digits and digits are compared one after the other; the first difference decides. */
function compareParts(a: string, b: string): number {
  const left = runs(a);
  const right = runs(b);
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const compare = i % 2 === 0 ? compareWords : compareNumbers;
    const order = compare(left[i] ?? '', right[i] ?? '');
    if (order !== 0) return order;
  }
  return 0;
}

/** Non-digits and digits by turns: a part that begins with a digit has an empty run of the others before it. */
function runs(part: string): string[] {
  return part.split(/(\d+)/);
}

function compareWords(a: string, b: string): number {
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    const order = weight(a[i]) - weight(b[i]);
    if (order !== 0) return order;
  }
  return 0;
}

/** A tilde sorts before everything, even the end; then letters, then all else. */
function weight(character: string | undefined): number {
  if (character === '~') return -1;
  if (character === undefined) return 0;
  return (/[A-Za-z]/.test(character) ? 0 : 256) + character.charCodeAt(0);
}

/** Numbers may be longer than a double can hold (dates, hashes), so they are compared as text. */
function compareNumbers(a: string, b: string): number {
  const left = a.replace(/^0+/, '');
  const right = b.replace(/^0+/, '');
  if (left.length !== right.length) return left.length - right.length;
  return left < right ? -1 : Number(left > right);
}
