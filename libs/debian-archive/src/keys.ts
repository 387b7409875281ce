import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ArchiveError } from './errors.ts';
import { loading, systemError } from './limits.ts';

/** A public key whose signature on a Release is trusted. */
export interface ArchiveKey {
  /** Of the primary key: 40 upper-case hex digits. */
  readonly fingerprint: string;
  /** The key's user id. */
  readonly holder: string;
  /** The key itself, ASCII-armoured. */
  readonly armored: string;
}

/**
 * The keys whose signature counts: a file in `keys` that is not listed here is not read. All are of Debian's package
 * debian-archive-keyring 2025.1, from `etc/apt/trusted.gpg.d` in it; keys/README.md says which and why.
 */
const TRUSTED = [
  ['debian-archive-bookworm-automatic.asc', 'B8B80B5B623EAB6AD8775C45B7C5D7D6350947F8'],
  ['debian-archive-bookworm-stable.asc', '4D64FEC119C2029067D6E791F8D2585B8783D481'],
  ['debian-archive-trixie-automatic.asc', '04B54C3CDCA79751B16BC6B5225629DF75B188BD'],
  ['debian-archive-trixie-stable.asc', '41587F7DB8C774BCCF131416762F67A0B2C39DE4'],
] as const;

/**
 * Debian's archive keys, each checked against its fingerprint.
 *
 * @throws ArchiveError ARCHIVE_KEY_MALFORMED
 */
export async function loadArchiveKeys(folder = join(import.meta.dirname, '../keys')): Promise<ArchiveKey[]> {
  return Promise.all(
    TRUSTED.map(async ([name, fingerprint]) => {
      const armored = await readFile(join(folder, name), 'utf8').catch((cause: unknown) => {
        throw systemError('ARCHIVE_KEY_MALFORMED', `${name} cannot be read`, cause);
      });
      const key = await readArchiveKey(armored, name);
      if (key.fingerprint === fingerprint) return key;
      throw new ArchiveError('ARCHIVE_KEY_MALFORMED', `${name} is ${key.fingerprint}, not ${fingerprint}`);
    }),
  );
}

/**
 * One public key in ASCII armour. `name` is for the error.
 *
 * @throws ArchiveError ARCHIVE_KEY_MALFORMED
 */
export async function readArchiveKey(armored: string, name = 'the key'): Promise<ArchiveKey> {
  const { readKeys } = await loading(import('openpgp'));
  const keys = await readKeys({ armoredKeys: armored }).catch((cause: unknown) => {
    throw new ArchiveError('ARCHIVE_KEY_MALFORMED', `${name} cannot be read`, cause);
  });
  const [key, ...others] = keys;
  if (key === undefined || others.length > 0 || key.isPrivate()) {
    throw new ArchiveError('ARCHIVE_KEY_MALFORMED', `${name} is not one public key`);
  }
  return { fingerprint: key.getFingerprint().toUpperCase(), holder: key.getUserIDs()[0] ?? '', armored };
}
