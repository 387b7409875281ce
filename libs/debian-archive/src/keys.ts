import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ArchiveError } from './errors.ts';

/** A public key whose signature on a Release is trusted. */
export interface ArchiveKey {
  /** Of the primary key: 40 upper-case hex digits. */
  readonly fingerprint: string;
  /** The key's user id. */
  readonly holder: string;
  /** The key itself, ASCII-armoured. */
  readonly armored: string;
}

const KEYS_FOLDER = join(import.meta.dirname, '../keys');

/** Debian's archive keys, from the files in this library's `keys` folder, in the order of their names. */
export async function loadArchiveKeys(): Promise<ArchiveKey[]> {
  const names = (await readdir(KEYS_FOLDER)).filter((name) => name.endsWith('.asc')).sort();
  return Promise.all(
    names.map(async (name) => readArchiveKey(await readFile(join(KEYS_FOLDER, name), 'utf8'), name)),
  );
}

/**
 * One public key in ASCII armour. `name` is for the error.
 *
 * @throws ArchiveError ARCHIVE_KEY_MALFORMED
 */
export async function readArchiveKey(armored: string, name = 'the key'): Promise<ArchiveKey> {
  const { readKeys } = await import('openpgp');
  const keys = await readKeys({ armoredKeys: armored }).catch((cause: unknown) => {
    throw new ArchiveError('ARCHIVE_KEY_MALFORMED', `${name} cannot be read`, cause);
  });
  const [key, ...others] = keys;
  if (key === undefined || others.length > 0 || key.isPrivate()) {
    throw new ArchiveError('ARCHIVE_KEY_MALFORMED', `${name} is not one public key`);
  }
  return { fingerprint: key.getFingerprint().toUpperCase(), holder: key.getUserIDs()[0] ?? '', armored };
}
