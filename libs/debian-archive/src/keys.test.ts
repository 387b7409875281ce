import { cp, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type AnyPacket, armor, enums, PacketList } from 'openpgp';
import { describe, expect, test } from 'vitest';
import { loadArchiveKeys, readArchiveKey } from './index.ts';
import { temporaryFolder } from './testing/folder.ts';
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

    const keys = await loadArchiveKeys();
    const files = (await readdir(FOLDER)).filter((name) => name.endsWith('.asc')).sort();
    expect(listed).toEqual(
      keys.map(({ fingerprint, holder }, i) => [files[i], fingerprint, holder.split(' <')[0]]),
    );
  });

  const copy = async () => {
    const folder = await temporaryFolder();
    await cp(FOLDER, folder, { recursive: true });
    return folder;
  };
  const stranger = async (folder: string, name: string) =>
    writeFile(join(folder, name), (await makeKey('Stranger')).trusted.armored);

  test('are those that the code lists: another key in their folder is not trusted', async () => {
    const folder = await copy();
    await stranger(folder, 'debian-archive-sid-automatic.asc');
    expect(await loadArchiveKeys(folder)).toEqual(await loadArchiveKeys());
  });

  test('are refused if a file holds a key of another fingerprint', async () => {
    const folder = await copy();
    await stranger(folder, 'debian-archive-trixie-stable.asc');
    await expect(loadArchiveKeys(folder)).rejects.toMatchObject({
      code: 'ARCHIVE_KEY_MALFORMED',
      message: expect.stringMatching(/trixie-stable.asc is [0-9A-F]{40}, not 41587F7DB8C774BC/),
    });
  });

  test('are refused if a file is missing', async () => {
    await expect(loadArchiveKeys(await temporaryFolder())).rejects.toMatchObject({
      code: 'ARCHIVE_KEY_MALFORMED',
      // They are read side by side: the first that fails is named.
      message: expect.stringMatching(/^debian-archive-[\w-]+\.asc cannot be read$/),
      cause: { code: 'ENOENT' },
    });
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

  test('if it is not a key', async () => {
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
