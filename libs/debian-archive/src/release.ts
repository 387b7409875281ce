import { openSignedText } from './clearsign.ts';
import { parseStanza, type Stanza } from './deb822.ts';
import { ArchiveError } from './errors.ts';
import type { ArchiveKey } from './keys.ts';
import { requireSafePath } from './paths.ts';

export interface ExpectedRelease {
  readonly origin: 'Debian';
  /** The required `Suite:`, such as `stable`. */
  readonly suite: string;
  /** The required `Codename:`, such as `trixie`. */
  readonly codename: string;
}

export interface Release {
  readonly origin: string;
  readonly suite: string;
  readonly codename: string;
  readonly date: Date;
  readonly validUntil: Date | null;
  /** Past `validUntil`; only ever true where that was accepted. */
  readonly expired: boolean;
  /** Fingerprint of the primary key that signed: 40 upper-case hex digits. */
  readonly signedBy: string;
  readonly architectures: readonly string[];
  /** Whether the indexes can also be had under `by-hash/`. */
  readonly byHash: boolean;
  /** By path relative to the suite's folder; sizes in bytes, hashes as 64 lower-case hex digits. */
  readonly files: ReadonlyMap<string, { readonly size: number; readonly sha256: string }>;
}

/** How far the clocks of the archive and this machine may differ. */
const CLOCK_SKEW_MS = 5 * 60_000;

/**
 * Settles whether an InRelease file can be trusted, and reads it. Every check must pass, in this order:
 * one whole signed message by a trusted key, Debian's, of the suite asked for, not from the future, not
 * expired.
 * https://wiki.debian.org/DebianRepository/Format#A.22Release.22_files
 *
 * @throws ArchiveError RELEASE_*, PATH_UNSAFE, CONTROL_MALFORMED
 */
export async function verifyRelease(
  text: string | Uint8Array,
  expected: ExpectedRelease,
  keys: readonly ArchiveKey[],
  { now, acceptExpired }: { readonly now: Date; readonly acceptExpired: boolean },
): Promise<Release> {
  const latest = new Date(now.getTime() + CLOCK_SKEW_MS);
  const message =
    typeof text === 'string' ? text : new TextDecoder('utf-8', { ignoreBOM: true }).decode(text);
  const signed = await openSignedText(message, keys, latest);
  const fields = parseStanza(signed.text);

  const origin = requireField(fields, 'Origin');
  const suite = requireField(fields, 'Suite');
  const codename = requireField(fields, 'Codename');
  requireSame('RELEASE_ORIGIN_MISMATCH', 'Origin', origin, expected.origin);
  requireSame('RELEASE_SUITE_MISMATCH', 'Suite', suite, expected.suite);
  requireSame('RELEASE_CODENAME_MISMATCH', 'Codename', codename, expected.codename);

  const date = parseDate('Date', requireField(fields, 'Date'));
  if (date > latest) {
    const message = `the Release of ${codename} is dated ${date.toISOString()}, this machine ${now.toISOString()}`;
    throw new ArchiveError('RELEASE_FROM_FUTURE', message);
  }
  const until = fields.get('valid-until');
  const validUntil = until === undefined ? null : parseDate('Valid-Until', until);
  const expired = validUntil !== null && validUntil < now;
  if (expired && !acceptExpired) {
    const message = `the Release of ${codename} was valid until ${validUntil.toISOString()}`;
    throw new ArchiveError('RELEASE_EXPIRED', message);
  }

  return {
    origin,
    suite,
    codename,
    date,
    validUntil,
    expired,
    signedBy: signed.signedBy,
    architectures: requireField(fields, 'Architectures').split(/\s+/),
    byHash: fields.get('acquire-by-hash') === 'yes',
    files: parseFiles(requireField(fields, 'SHA256')),
  };
}

function requireField(fields: Stanza, name: string): string {
  const value = fields.get(name.toLowerCase());
  if (!value) throw new ArchiveError('RELEASE_MALFORMED', `the Release has no ${name}`);
  return value;
}

function requireSame(
  code: 'RELEASE_ORIGIN_MISMATCH' | 'RELEASE_SUITE_MISMATCH' | 'RELEASE_CODENAME_MISMATCH',
  field: string,
  found: string,
  wanted: string,
): void {
  if (found !== wanted) throw new ArchiveError(code, `${field} is "${found}", not "${wanted}"`);
}

/** Only dates in UTC: a date without a zone would be read in this machine's. */
function parseDate(field: string, text: string): Date {
  const date = new Date(
    /^\w{3}, \d\d? \w{3} \d{4} \d\d:\d\d:\d\d (?:UTC|GMT|\+0000)$/.test(text) ? text : NaN,
  );
  if (Number.isNaN(date.getTime())) {
    throw new ArchiveError('RELEASE_MALFORMED', `${field} is "${text}", which is not a date in UTC`);
  }
  return date;
}

/** Lines of hash, size and path. MD5Sum and SHA1, which some suites still have beside it, are not looked at. */
function parseFiles(value: string): Release['files'] {
  const files = new Map<string, { size: number; sha256: string }>();
  for (const line of value.trim().split('\n')) {
    const malformed = () => new ArchiveError('RELEASE_MALFORMED', `SHA256 has the line "${line}"`);
    const entry = /^([0-9a-f]{64})\s+(\d{1,15})\s+(\S+)$/.exec(line);
    if (entry === null) throw malformed();
    const [, sha256 = '', size, path = ''] = entry;
    if (files.has(path)) throw malformed();
    files.set(requireSafePath(path, 'the Release'), { size: Number(size), sha256 });
  }
  return files;
}
