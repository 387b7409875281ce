import {
  type CleartextMessage,
  config,
  enums,
  LiteralDataPacket,
  readCleartextMessage,
  SignaturePacket,
} from 'openpgp';
import { beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { type ArchiveKey, type ExpectedRelease, type Release, verifyRelease } from './index.ts';
import { clearSign, makeKey, type TestKey } from './testing/signing.ts';

const HASH = 'ab'.repeat(32);
const DATE = new Date('2026-11-21T09:15:44Z');
const NOW = new Date('2026-11-23T12:00:00Z');
const SID = { origin: 'Debian', suite: 'unstable', codename: 'sid' } as const;

const RELEASE = `Origin: Debian
Label: Debian
Suite: unstable
Codename: sid
Date: Sat, 21 Nov 2026 09:15:44 UTC
Valid-Until: Sat, 28 Nov 2026 09:15:44 UTC
Acquire-By-Hash: yes
Architectures: all amd64 arm64
Description: Debian x.y Unstable
MD5Sum:
 d41d8cd98f00b204e9800998ecf8427e 10 main/binary-amd64/Packages
SHA256:
 ${HASH} 123 main/binary-amd64/Packages.xz
 ${HASH} 0 main/binary-arm64/Packages.xz
`;

let key: TestKey;
let other: TestKey;
let stranger: TestKey;
let trusted: ArchiveKey[];
let inRelease: string;

beforeAll(async () => {
  [key, other, stranger] = await Promise.all([makeKey('One'), makeKey('Other'), makeKey('Stranger')]);
  trusted = [key.trusted, other.trusted];
  inRelease = await clearSign(RELEASE, [key], DATE);
});

const verify = (
  text: string | Uint8Array,
  expected: ExpectedRelease = SID,
  now = NOW,
  acceptExpired = false,
) => verifyRelease(text, expected, trusted, { now, acceptExpired });
const refusal = (release: Promise<Release>) =>
  release.then(
    () => 'accepted',
    (error) => error.code ?? error,
  );
const signed = (edit: (text: string) => string, by = [key], date = DATE) =>
  clearSign(edit(RELEASE), by, date);
const signatureOf = (text: string) => text.slice(text.indexOf('-----BEGIN PGP SIGNATURE-----'));

describe('a Release that is as it should be', () => {
  test('is read', async () => {
    expect(await verify(inRelease)).toEqual({
      ...SID,
      date: DATE,
      validUntil: new Date('2026-11-28T09:15:44Z'),
      expired: false,
      signedBy: key.trusted.fingerprint,
      architectures: ['all', 'amd64', 'arm64'],
      byHash: true,
      files: new Map([
        ['main/binary-amd64/Packages.xz', { size: 123, sha256: HASH }],
        ['main/binary-arm64/Packages.xz', { size: 0, sha256: HASH }],
      ]),
    });
  });

  test('may have more white space between its words, and a date of one digit', async () => {
    const text = await signed((text) =>
      text
        .replace('all amd64', 'all  amd64')
        .replaceAll(` ${HASH} `, ` ${HASH}    `)
        .replace(' 123 ', ' 123  ')
        .replace('Sat, 21 Nov', 'Sat, 7 Nov'),
    );
    expect(await verify(text)).toEqual({
      ...(await verify(inRelease)),
      date: new Date('2026-11-07T09:15:44Z'),
    });
  });

  test('is read from bytes too', async () => {
    expect(await verify(Buffer.from(inRelease))).toEqual(await verify(inRelease));
  });

  test('may be signed by several trusted keys; the first one is named', async () => {
    expect((await verify(await signed((text) => text, [other, key]))).signedBy).toBe(
      other.trusted.fingerprint,
    );
  });

  test('may also be signed by keys unknown to us, as between two Debian releases', async () => {
    expect((await verify(await signed((text) => text, [stranger, key]))).signedBy).toBe(
      key.trusted.fingerprint,
    );
  });

  test('may be far longer than a signature may be', async () => {
    const lines = Array.from({ length: 1000 }, (_, index) => ` ${HASH} 1 main/${index}\n`).join('');
    expect((await verify(await signed((text) => `${text}${lines}`))).files.size).toBe(1002);
  });

  test('may have escaped hyphens', async () => {
    const text = await signed((text) => text.replace('Debian x.y Unstable', 'a\n -----BEGIN-----'));
    expect(await refusal(verify(text))).toBe('accepted');
    const escaped = inRelease.replace('\nLabel: ', '\n- Label: ');
    expect(await verify(escaped)).toEqual(await verify(inRelease));
  });

  test('has no Valid-Until if the suite is a stable one', async () => {
    const release = await verify(await signed((text) => text.replace(/Valid-Until.*\n/, '')));
    expect(release).toMatchObject({ validUntil: null, expired: false });
  });

  test('may be a little ahead of the clock of this machine', async () => {
    const fiveMinutesBefore = new Date(DATE.getTime() - 5 * 60_000);
    expect(await refusal(verify(inRelease, SID, fiveMinutesBefore))).toBe('accepted');
  });

  test('is valid in the second that Valid-Until names, and says so', async () => {
    const last = new Date('2026-11-28T09:15:44Z');
    expect(await verify(inRelease, SID, last)).toMatchObject({ expired: false });
  });

  test('says that it is expired where that is accepted', async () => {
    const later = new Date('2026-11-28T09:15:45Z');
    expect(await verify(inRelease, SID, later, true)).toMatchObject({ expired: true });
  });
});

describe('a signature', () => {
  test('is missing', async () => {
    expect(await refusal(verify(RELEASE))).toBe('RELEASE_NOT_SIGNED');
    expect(await refusal(verify(''))).toBe('RELEASE_NOT_SIGNED');
    expect(await refusal(verify('<html>Log in</html>\n'))).toBe('RELEASE_NOT_SIGNED');
    expect(await refusal(verify(inRelease.replace(signatureOf(inRelease), '')))).toBe('RELEASE_NOT_SIGNED');
  });

  test('does not fit after any change of one bit of the text', async () => {
    const start = inRelease.indexOf('Origin:');
    const end = inRelease.indexOf('-----BEGIN PGP SIGNATURE-----');
    for (let at = start; at < end; at += 7) {
      const bytes = Buffer.from(inRelease);
      bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
      expect(await refusal(verify(bytes)), `bit of byte ${at}`).toBe('RELEASE_SIGNATURE_BAD');
    }
  });

  test('is itself damaged', async () => {
    const [, line = ''] = /\n\n(.{60})/.exec(signatureOf(inRelease)) ?? [];
    const damaged = (to: string) => refusal(verify(inRelease.replace(line, to)));
    expect(await damaged('!'.repeat(60))).toBe('RELEASE_SIGNATURE_BAD');
    expect(await damaged(line.slice(4))).toBe('RELEASE_SIGNATURE_BAD');
    const [, , second = ''] = /\n\n(.+)\n(.+)\n/.exec(signatureOf(inRelease)) ?? [];
    const changed = `${second.slice(0, -1)}${second.endsWith('A') ? 'B' : 'A'}`;
    expect(await refusal(verify(inRelease.replace(second, changed)))).toBe('RELEASE_SIGNATURE_BAD');
  });

  test('belongs to another text', async () => {
    const another = await signed((text) => text.replace('arm64', 'armhf'));
    const mixed = inRelease.replace(signatureOf(inRelease), signatureOf(another));
    await expect(verify(mixed)).rejects.toMatchObject({
      code: 'RELEASE_SIGNATURE_BAD',
      message: `the signature by the key ${key.trusted.fingerprint.slice(-16)} does not fit`,
    });
  });

  test('is by an unknown key', async () => {
    await expect(verify(await signed((text) => text, [stranger, stranger]))).rejects.toMatchObject({
      code: 'RELEASE_KEY_UNKNOWN',
      message: `signed by ${stranger.trusted.fingerprint.slice(-16)}, which is unknown or has expired`,
    });
    const none = verifyRelease(inRelease, SID, [], { now: NOW, acceptExpired: false });
    expect(await refusal(none)).toBe('RELEASE_KEY_UNKNOWN');
  });

  test('is by a key that has expired since', async () => {
    const old = await makeKey('Old', new Date('2026-11-01T00:00:00Z'), 22 * 24 * 3600);
    const text = await signed((text) => text, [old]);
    const at = (now: string) =>
      refusal(verifyRelease(text, SID, [old.trusted], { now: new Date(now), acceptExpired: false }));
    expect(await at('2026-11-22T12:00:00Z')).toBe('accepted');
    expect(await at('2026-11-23T12:00:00Z')).toBe('RELEASE_KEY_UNKNOWN');
  });

  test('has expired since', async () => {
    const text = await signed((text) => text);
    const expiring = await readCleartextMessage({ cleartextMessage: text });
    const packet = new SignaturePacket();
    Object.assign(packet, {
      signatureType: enums.signature.text,
      publicKeyAlgorithm: key.secret.keyPacket.algorithm,
      hashAlgorithm: enums.hash.sha512,
      signatureNeverExpires: false,
      signatureExpirationTime: 24 * 3600,
      issuerKeyID: key.secret.getKeyID(),
    });
    const literal = new LiteralDataPacket();
    (literal as unknown as Internal).setText(expiring.getText());
    await (packet as unknown as Internal).sign(key.secret.keyPacket, literal, DATE, true, config);
    signaturesOf(expiring).splice(0, 1, packet);
    const message = expiring.armor().replaceAll('\r\n', '\n');
    expect(await refusal(verify(message, SID, new Date('2026-11-22T09:00:00Z')))).toBe('accepted');
    expect(await refusal(verify(message, SID, new Date('2026-11-22T10:00:00Z')))).toBe(
      'RELEASE_SIGNATURE_BAD',
    );
  });

  test('of two known keys fits for one only', async () => {
    const fits = await readCleartextMessage({ cleartextMessage: await signed((text) => text, [key]) });
    const doesNot = await readCleartextMessage({
      cleartextMessage: await signed((text) => text.replace('arm64', 'armhf'), [other]),
    });
    signaturesOf(fits).push(...signaturesOf(doesNot));
    expect(await refusal(verify(fits.armor().replaceAll('\r\n', '\n')))).toBe('RELEASE_SIGNATURE_BAD');
  });
});

describe('signatures in numbers', () => {
  /** The Release with the signatures of these messages, each so many times. */
  const withSignatures = async (...messages: [message: string, times: number][]) => {
    const made = await readCleartextMessage({ cleartextMessage: inRelease });
    const packets = await Promise.all(
      messages.map(async ([message, times]) => {
        const read = await readCleartextMessage({ cleartextMessage: message });
        return Array.from({ length: times }, () => signaturesOf(read)).flat();
      }),
    );
    signaturesOf(made).splice(0, 1, ...packets.flat());
    return made.armor().replaceAll('\r\n', '\n');
  };

  test('may be none in a block of them', async () => {
    expect(await refusal(verify(await withSignatures()))).toBe('RELEASE_SIGNATURE_BAD');
  });

  test('of up to 16 are read', async () => {
    const strange = await signed((text) => text, [stranger]);
    expect(await refusal(verify(await withSignatures([strange, 15], [inRelease, 1])))).toBe('accepted');
  });

  test('of more are refused, and none is verified', async () => {
    const many = await withSignatures([inRelease, 17]);
    const hashed = vi.spyOn(crypto.subtle, 'verify');
    onTestFinished(() => hashed.mockRestore());
    await expect(verify(many)).rejects.toMatchObject({
      code: 'RELEASE_SIGNATURE_BAD',
      message: 'it has 17 signatures, more than 16',
    });
    expect(hashed).not.toHaveBeenCalled();
  });

  test.each([
    [32_768, 'accepted'],
    [32_769, 'RELEASE_SIGNATURE_BAD'],
  ])('of %i bytes in all are %s', async (length, outcome) => {
    const spaces = ' '.repeat(length - signatureOf(inRelease).length);
    const begin = '-----BEGIN PGP SIGNATURE-----';
    expect(await refusal(verify(inRelease.replace(begin, `${begin}${spaces}`)))).toBe(outcome);
  });

  test('of thousands are not even parsed', async () => {
    const begin = '\n\n';
    const at = inRelease.indexOf(begin, inRelease.indexOf('-----BEGIN PGP SIGNATURE-----')) + begin.length;
    const huge = `${inRelease.slice(0, at)}${`${'A'.repeat(64)}\n`.repeat(600)}${inRelease.slice(at)}`;
    await expect(verify(huge)).rejects.toMatchObject({
      code: 'RELEASE_SIGNATURE_BAD',
      message: expect.stringMatching(/^its signature has \d+ bytes, more than 32768$/),
    });
  });

  test('by one key are verified once: the first counts', async () => {
    const another = await signed((text) => text.replace('arm64', 'armhf'));
    expect(await refusal(verify(await withSignatures([inRelease, 1], [another, 1])))).toBe('accepted');
    expect(await refusal(verify(await withSignatures([another, 1], [inRelease, 1])))).toBe(
      'RELEASE_SIGNATURE_BAD',
    );
  });
});

/** OpenPGP.js's types do not show these. */
interface Internal {
  setText(text: string): void;
  sign(key: unknown, data: unknown, date: Date, detached: boolean, settings: unknown): Promise<void>;
}
const signaturesOf = (message: CleartextMessage) =>
  (message as unknown as { signature: { packets: unknown[] } }).signature.packets;

describe('text outside the signed part is refused', () => {
  const evil = 'Origin: Debian\nSuite: unstable\nCodename: sid\n';

  test('before it', async () => {
    expect(await refusal(verify(`${evil}\n${inRelease}`))).toBe('RELEASE_UNSIGNED_TEXT');
    expect(await refusal(verify(`\n${inRelease}`))).toBe('RELEASE_UNSIGNED_TEXT');
    expect(await refusal(verify(Buffer.concat([Buffer.from('efbbbf', 'hex'), Buffer.from(inRelease)])))).toBe(
      'RELEASE_NOT_SIGNED',
    );
  });

  test('after it', async () => {
    expect(await refusal(verify(inRelease + evil))).toBe('RELEASE_UNSIGNED_TEXT');
    expect(await refusal(verify(`${inRelease}\n`))).toBe('RELEASE_UNSIGNED_TEXT');
    expect(await refusal(verify(`${inRelease}no newline`))).toBe('RELEASE_UNSIGNED_TEXT');
    expect(await refusal(verify(inRelease.trimEnd()))).toBe('RELEASE_UNSIGNED_TEXT');
  });

  test('as a second signed message', async () => {
    expect(await refusal(verify(inRelease + inRelease))).toBe('RELEASE_UNSIGNED_TEXT');
  });

  test('as a second signature', async () => {
    expect(await refusal(verify(inRelease + signatureOf(inRelease)))).toBe('RELEASE_UNSIGNED_TEXT');
  });

  test('behind an unescaped hyphen', async () => {
    const text = inRelease.replace('\nLabel', '\n-----BEGIN PGP PUBLIC KEY BLOCK-----\nLabel');
    expect(await refusal(verify(text))).toBe('RELEASE_UNSIGNED_TEXT');
  });

  test('as a header of the armour', async () => {
    const text = inRelease.replace('\nHash: ', '\nSuite: stable\nHash: ');
    expect(await refusal(verify(text))).toBe('RELEASE_SIGNATURE_BAD');
  });

  test('and what whitespace was added at the end of lines is not read', async () => {
    const text = inRelease.replaceAll('sid\n', 'sid \t\n');
    expect(await verify(text)).toEqual(await verify(inRelease));
  });
});

describe('a well-signed Release is refused', () => {
  test('past its Valid-Until', async () => {
    const later = new Date('2026-11-28T09:15:45Z');
    expect(await refusal(verify(inRelease, SID, later))).toBe('RELEASE_EXPIRED');
  });

  test('dated in the future', async () => {
    const earlier = new Date(DATE.getTime() - 5 * 60_000 - 1000);
    expect(await refusal(verify(inRelease, SID, earlier))).toBe('RELEASE_FROM_FUTURE');
    const ahead = await signed((text) => text.replace('21 Nov', '24 Nov'));
    expect(await refusal(verify(ahead))).toBe('RELEASE_FROM_FUTURE');
  });

  test.each([
    ['RELEASE_ORIGIN_MISMATCH', 'Origin: Debian', 'Origin: Raspbian'],
    ['RELEASE_SUITE_MISMATCH', 'Suite: unstable', 'Suite: stable'],
    ['RELEASE_CODENAME_MISMATCH', 'Codename: sid', 'Codename: trixie'],
    ['RELEASE_MALFORMED', 'Origin:', 'X-Origin:'],
    ['RELEASE_MALFORMED', 'Suite:', 'X-Suite:'],
    ['RELEASE_MALFORMED', 'Codename:', 'X-Codename:'],
    ['RELEASE_MALFORMED', 'Date: Sat', 'X-Date: Sat'],
    ['RELEASE_MALFORMED', 'Date: Sat, 21 Nov 2026 09:15:44 UTC', 'Date: Sat, 21 Nov 2026 09:15:44'],
    ['RELEASE_MALFORMED', '09:15:44 UTC', '09:15:44 +0100'],
    ['RELEASE_MALFORMED', '09:15:44 UTC', '09:15:44 UTC+0100'],
    ['RELEASE_MALFORMED', ` ${HASH}`, ` x${HASH}`],
    ['RELEASE_MALFORMED', 'Packages.xz', 'Packages.xz again'],
    ['RELEASE_MALFORMED', 'Valid-Until: Sat, 28 Nov', 'Valid-Until: never, 28 Nov'],
    ['RELEASE_MALFORMED', 'Architectures:', 'X-Architectures:'],
    ['RELEASE_MALFORMED', 'SHA256:', 'SHA512:'],
    ['RELEASE_MALFORMED', ' 123 ', ' -1 '],
    ['RELEASE_MALFORMED', ` ${HASH}`, ` ${HASH.slice(2)}`],
    ['RELEASE_MALFORMED', 'binary-arm64', 'binary-amd64'],
    ['CONTROL_MALFORMED', 'Label: Debian', 'Suite: unstable'],
    ['CONTROL_MALFORMED', 'Label: Debian', 'nonsense'],
    ['PATH_UNSAFE', 'main/binary-amd64/Packages.xz', '../../etc/passwd'],
    ['PATH_UNSAFE', 'main/binary-amd64/Packages.xz', '/etc/passwd'],
    ['PATH_UNSAFE', 'main/binary-amd64/Packages.xz', 'main/./Packages.xz'],
    ['PATH_UNSAFE', 'main/binary-amd64/Packages.xz', 'main//Packages.xz'],
  ])('%s: "%s" replaced by "%s"', async (code, from, to) => {
    expect(await refusal(verify(await signed((text) => text.replace(from, to))))).toBe(code);
  });

  test('with an error that names what was found and what was asked for', async () => {
    const text = await signed((text) => text.replace('Suite: unstable', 'Suite: stable'));
    await expect(verify(text)).rejects.toThrow('Suite is "stable", not "unstable"');
  });
});

describe('signatures of a form that is not known', () => {
  /** The same message, with the version of a signature's packet raised. */
  const withVersion = (message: string, index: number) => {
    const [, before = '', armor = '', after = ''] =
      /^(.*-----BEGIN PGP SIGNATURE-----\n\n)(.*?)\n=.{4}(\n-----END.*)$/s.exec(message) ?? [];
    const bytes = Buffer.from(armor, 'base64');
    // Two bytes of a header with a length below 192, then the version. RFC 9580, sections 4.2 and 5.2.
    let at = 0;
    for (let skipped = 0; skipped < index; skipped++) at += 2 + (bytes[at + 1] ?? 0);
    bytes[at + 2] = 9;
    return `${before}${bytes.toString('base64').replace(/.{64}/g, '$&\n').trimEnd()}${after}`;
  };

  test('the only one: the message is refused', async () => {
    expect(await refusal(verify(withVersion(inRelease, 0)))).toBe('RELEASE_SIGNATURE_BAD');
  });

  test.each([0, 1])('one of two, number %i: the other one decides', async (index) => {
    const both = await clearSign(RELEASE, [key, other], DATE);
    const { signedBy } = await verify(withVersion(both, index));
    expect([key.trusted.fingerprint, other.trusted.fingerprint]).toContain(signedBy);
    expect(await refusal(verify(withVersion(both, index).replace('10 main', '11 main')))).toBe(
      'RELEASE_SIGNATURE_BAD',
    );
  });
});
