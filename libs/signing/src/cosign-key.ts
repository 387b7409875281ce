import { createPrivateKey, type KeyObject, scrypt } from 'node:crypto';
import { promisify } from 'node:util';
import { xsalsa20poly1305 } from '@noble/ciphers/salsa.js';
import { z } from 'zod';
import { SigningError } from './errors.ts';

const derive = promisify<string, Buffer, number, { N: number; r: number; p: number; maxmem: number }, Buffer>(
  scrypt,
);

const base64 = z.base64().transform((text) => Buffer.from(text, 'base64'));

/** https://github.com/secure-systems-lab/go-securesystemslib/blob/main/encrypted/encrypted.go */
const encryptedKey = z.object({
  kdf: z.object({
    name: z.literal('scrypt'),
    // The sizes that cosign writes need 64 MB; a file that asks for far more is not one of its.
    params: z.object({ N: z.int().max(1 << 17), r: z.int().max(16), p: z.int().max(4) }),
    salt: base64,
  }),
  cipher: z.object({ name: z.literal('nacl/secretbox'), nonce: base64 }),
  ciphertext: base64,
});

const ENCRYPTED = /-----BEGIN ENCRYPTED (?:SIGSTORE|COSIGN) PRIVATE KEY-----([^-]+)-----END/;

/**
 * A private key for signatures: ECDSA on P-256, in PEM (PKCS #8), or as `cosign generate-key-pair` writes it.
 * @param password of a key that is encrypted
 * @throws SigningError KEY_INVALID, KEY_PASSWORD
 */
export async function readSigningKey(pem: string, password: string | undefined): Promise<KeyObject> {
  const [, body] = ENCRYPTED.exec(pem) ?? [];
  const key = body === undefined ? parsePem(pem, password) : await decrypt(body, password);
  if (key.asymmetricKeyType !== 'ec' || key.asymmetricKeyDetails?.namedCurve !== 'prime256v1')
    throw new SigningError('KEY_INVALID', 'the signing key is not one of ECDSA on P-256');
  return key;
}

function parsePem(pem: string, password: string | undefined): KeyObject {
  if (/ENCRYPTED/.test(pem) && password === undefined)
    throw new SigningError('KEY_PASSWORD', 'the signing key is encrypted, and no password is given');
  try {
    return createPrivateKey({ key: pem, ...(password !== undefined && { passphrase: password }) });
  } catch {
    // OpenSSL's own words are left out: nothing of a key belongs into a message.
    throw new SigningError(
      'KEY_INVALID',
      'the signing key cannot be read as PEM, or its password is another',
    );
  }
}

async function decrypt(body: string, password: string | undefined): Promise<KeyObject> {
  if (password === undefined)
    throw new SigningError('KEY_PASSWORD', 'the signing key is encrypted, and no password is given');
  let der: Uint8Array;
  try {
    const { kdf, cipher, ciphertext } = encryptedKey.parse(
      JSON.parse(Buffer.from(body, 'base64').toString()),
    );
    const secret = await derive(password, kdf.salt, 32, { ...kdf.params, maxmem: 256 << 20 });
    der = xsalsa20poly1305(secret, cipher.nonce).decrypt(ciphertext);
  } catch {
    throw new SigningError('KEY_PASSWORD', 'the signing key does not open with the password given');
  }
  return createPrivateKey({ key: Buffer.from(der), format: 'der', type: 'pkcs8' });
}
