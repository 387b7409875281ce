/** A public key whose signature on a Release is trusted. */
export interface ArchiveKey {
  /** Of the primary key: 40 upper-case hex digits. */
  readonly fingerprint: string;
  /** The key's user id. */
  readonly holder: string;
  /** The key itself, ASCII-armoured. */
  readonly armored: string;
}
export async function readArchiveKey(_armored: string): Promise<ArchiveKey> {
  throw new Error('not yet');
}
/** Debian's archive keys, from this library's `keys` folder. */
export async function loadArchiveKeys(): Promise<ArchiveKey[]> {
  throw new Error('not yet');
}
