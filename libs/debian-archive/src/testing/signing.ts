import { createCleartextMessage, generateKey, type PrivateKey, sign } from 'openpgp';
import { type ArchiveKey, readArchiveKey } from '../keys.ts';

/** A throw-away key pair. */
export interface TestKey {
  readonly secret: PrivateKey;
  readonly trusted: ArchiveKey;
}

/** `lifetime` in seconds from `created`; the key never expires without it. */
export async function makeKey(
  name: string,
  created = new Date('2026-01-01T00:00:00Z'),
  lifetime = 0,
): Promise<TestKey> {
  const { privateKey, publicKey } = await generateKey({
    type: 'curve25519',
    userIDs: [{ name }],
    date: created,
    keyExpirationTime: lifetime,
    format: 'object',
  });
  return { secret: privateKey, trusted: await readArchiveKey(publicKey.armor()) };
}

/** The text clear-signed by every key, as an InRelease file is. */
export async function clearSign(text: string, keys: readonly TestKey[], date: Date): Promise<string> {
  const message = await createCleartextMessage({ text });
  const signed = await sign({ message, signingKeys: keys.map(({ secret }) => secret), date });
  return signed.replaceAll('\r\n', '\n');
}
