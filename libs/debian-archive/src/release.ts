import type { ArchiveKey } from './keys.ts';

export interface ExpectedRelease {
  readonly origin: 'Debian';
  /** What `Suite:` must say, such as `stable`. */
  readonly suite: string;
  /** What `Codename:` must say, such as `trixie`; also the folder under `dists/`. */
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
  /** Whether indexes can be had under `by-hash/`. */
  readonly byHash: boolean;
  /** By path relative to the suite's folder. */
  readonly files: ReadonlyMap<string, { readonly size: number; readonly sha256: string }>;
}

export async function verifyRelease(
  _text: string | Uint8Array,
  _expected: ExpectedRelease,
  _keys: readonly ArchiveKey[],
  _options: { readonly now: Date; readonly acceptExpired: boolean },
): Promise<Release> {
  throw new Error('not yet');
}
