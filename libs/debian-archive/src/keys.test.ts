import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type AnyPacket, armor, enums, PacketList } from 'openpgp';
import { describe, expect, test } from 'vitest';
import { loadArchiveKeys, readArchiveKey } from './index.ts';
import { makeKey } from './testing/signing.ts';

const FOLDER = join(import.meta.dirname, '../keys');

describe("Debian's archive keys", () => {
  test('are the files, fingerprints and holders that keys/README.md lists', async () => {
    const readme = await readFile(join(FOLDER, 'README.md'), 'utf8');
    const rows = [...readme.matchAll(/^\| `(\S+\.asc)` \| `([0-9A-F ]+)` \| (.+?) \|/gm)];
    const listed = rows.map(([, file, fingerprint, holder]) => [
      file,
      fingerprint?.replaceAll(' ', ''),
      holder,
    ]);

    const files = (await readdir(FOLDER)).filter((name) => name.endsWith('.asc')).sort();
    const keys = await loadArchiveKeys();
    expect(listed).toEqual(
      keys.map(({ fingerprint, holder }, i) => [files[i], fingerprint, holder.split(' <')[0]]),
    );
    expect(keys).toHaveLength(4);
  });

  test('are public keys and nothing more', async () => {
    for (const { armored } of await loadArchiveKeys()) {
      expect(armored).toMatch(/^-----BEGIN PGP PUBLIC KEY BLOCK-----\n/);
      expect(armored).toMatch(/\n-----END PGP PUBLIC KEY BLOCK-----\n$/);
    }
  });
});

describe('a key file is refused', () => {
  const malformed = expect.objectContaining({ code: 'ARCHIVE_KEY_MALFORMED' });

  test('if it is no key', async () => {
    await expect(readArchiveKey('hello')).rejects.toThrow(malformed);
  });

  test('if it is cut short', async () => {
    const [key] = await loadArchiveKeys();
    await expect(readArchiveKey(key?.armored.slice(0, 900) ?? '')).rejects.toThrow(malformed);
  });

  test('if it is two keys', async () => {
    const keys = await Promise.all(['One', 'Two'].map((name) => makeKey(name)));
    const packets = new PacketList<AnyPacket>();
    for (const { secret } of keys) packets.push(...secret.toPublic().toPacketList());
    const both = armor(enums.armor.publicKey, packets.write());
    await expect(readArchiveKey(both)).rejects.toThrow(malformed);
  });

  test('if it is a secret key', async () => {
    const { secret } = await makeKey('Secret');
    await expect(readArchiveKey(secret.armor())).rejects.toThrow(malformed);
  });
});
