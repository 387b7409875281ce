import { createPublicKey, generateKeyPairSync, scryptSync, sign, verify } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { xsalsa20poly1305 } from '@noble/ciphers/salsa.js';
import { afterAll, describe, expect, test } from 'vitest';
import { readSigningKey } from './cosign-key.ts';
import { findSigner } from './find-signer.ts';
import { keySigner } from './key-signer.ts';

const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const pem = pair.privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
const statement = Buffer.from('{"predicateType":"x"}');

/** As cosign writes a key, with a cheaper derivation. */
function encrypted(password: string): string {
  const [salt, nonce] = [Buffer.alloc(32, 1), Buffer.alloc(24, 2)];
  const params = { N: 1024, r: 8, p: 1 };
  const der = pair.privateKey.export({ format: 'der', type: 'pkcs8' });
  const ciphertext = xsalsa20poly1305(scryptSync(password, salt, 32, params), nonce).encrypt(der);
  const body = {
    kdf: { name: 'scrypt', params, salt: salt.toString('base64') },
    cipher: { name: 'nacl/secretbox', nonce: nonce.toString('base64') },
    ciphertext: Buffer.from(ciphertext).toString('base64'),
  };
  const lines = Buffer.from(JSON.stringify(body)).toString('base64').replace(/.{64}/g, '$&\n');
  return `-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\n${lines}\n-----END ENCRYPTED SIGSTORE PRIVATE KEY-----\n`;
}

describe('a key', () => {
  test('signs a statement as DSSE, which is opened again', async () => {
    const signer = keySigner(pair.privateKey);
    const bundle = await signer.sign(statement);
    expect(signer.open(bundle)).toEqual(statement);
    const { mediaType, verificationMaterial, dsseEnvelope } = JSON.parse(Buffer.from(bundle).toString());
    expect(mediaType).toBe('application/vnd.dev.sigstore.bundle.v0.3+json');
    expect(signer.name).toBe(`key SHA256:${verificationMaterial.publicKey.hint}`);
    // cosign passes over a signature whose key has another name than it would give it.
    expect(dsseEnvelope.signatures[0].keyid ?? '').toBe('');
    // Counted by hand, as DSSE's protocol has it.
    const signed = `DSSEv1 28 application/vnd.in-toto+json ${statement.length} ${statement}`;
    const signature = Buffer.from(dsseEnvelope.signatures[0].sig, 'base64');
    expect(verify('sha256', Buffer.from(signed), createPublicKey(pair.privateKey), signature)).toBe(true);
  });

  test('does not open what is changed, signed by another, or no bundle', async () => {
    const signer = keySigner(pair.privateKey);
    const text = Buffer.from(await signer.sign(statement)).toString();
    const other = Buffer.from('{"predicateType":"y"}').toString('base64');
    expect(signer.open(Buffer.from(text.replace(statement.toString('base64'), other)))).toBeNull();
    const stranger = keySigner(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey);
    expect(signer.open(await stranger.sign(statement))).toBeNull();
    for (const nothing of ['', '{}', 'no JSON']) expect(signer.open(Buffer.from(nothing))).toBeNull();
  });

  test('does not open what it signed as another type of document', async () => {
    const signer = keySigner(pair.privateKey);
    const bundle = JSON.parse(Buffer.from(await signer.sign(statement)).toString());
    const signed = `DSSEv1 10 text/plain ${statement.length} ${statement}`;
    bundle.dsseEnvelope.payloadType = 'text/plain';
    bundle.dsseEnvelope.signatures[0].sig = sign('sha256', Buffer.from(signed), pair.privateKey).toString(
      'base64',
    );
    expect(signer.open(Buffer.from(JSON.stringify(bundle)))).toBeNull();
  });

  test('is read from PEM, and from what cosign writes', async () => {
    for (const [text, password] of [
      [pem, undefined],
      [pair.privateKey.export({ format: 'pem', type: 'sec1' }).toString(), undefined],
      [
        pair.privateKey
          .export({ format: 'pem', type: 'pkcs8', cipher: 'aes-256-cbc', passphrase: 'pw' })
          .toString(),
        'pw',
      ],
      [encrypted('pw'), 'pw'],
      [encrypted(''), ''],
    ] as const)
      expect((await readSigningKey(text, password)).equals(pair.privateKey)).toBe(true);
  });

  test.each([
    [
      'of another curve',
      generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey.export({ format: 'pem', type: 'pkcs8' }),
      'KEY_INVALID',
    ],
    ['that is a public one', pair.publicKey.export({ format: 'pem', type: 'spki' }), 'KEY_INVALID'],
    ['that is not a key', 'hello', 'KEY_INVALID'],
    ['with another password', encrypted('other'), 'KEY_PASSWORD'],
  ])('%s is refused', async (_, text, code) => {
    await expect(readSigningKey(text.toString(), 'pw')).rejects.toMatchObject({ code });
  });

  test('that is encrypted needs a password, which no message repeats', async () => {
    const pkcs8 = pair.privateKey
      .export({ format: 'pem', type: 'pkcs8', cipher: 'aes-256-cbc', passphrase: 'pw' })
      .toString();
    for (const text of [encrypted('pw'), pkcs8])
      await expect(readSigningKey(text, undefined)).rejects.toMatchObject({
        code: 'KEY_PASSWORD',
        message: 'the signing key is encrypted, and no password is given',
      });
    const error = await readSigningKey(encrypted('pw'), 'secret-guess').catch((one: Error) => one);
    expect(JSON.stringify([error, (error as Error).message, (error as Error).stack])).not.toContain(
      'secret-guess',
    );
  });
});

describe('who signs', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'signing-'));
  afterAll(() => rm(folder, { recursive: true, force: true }));

  test('a key in a file or in a variable', async () => {
    const file = join(folder, 'key.pem');
    await writeFile(file, encrypted('pw'));
    const { name } = keySigner(pair.privateKey);
    expect((await findSigner(file, { COSIGN_PASSWORD: 'pw' }))?.name).toBe(name);
    expect((await findSigner('env://SIGNING_KEY', { SIGNING_KEY: pem }))?.name).toBe(name);
    for (const [nowhere, message] of [
      ['env://SIGNING_KEY', 'the variable SIGNING_KEY is not set or empty'],
      ['env://', 'env:// has no name of a variable after it'],
      [join(folder, 'no-such-key'), `${join(folder, 'no-such-key')} cannot be read`],
      ['xenv://SIGNING_KEY', 'xenv://SIGNING_KEY cannot be read'],
    ] as const)
      await expect(findSigner(nowhere, {})).rejects.toMatchObject({ code: 'KEY_INVALID', message });
    await expect(findSigner('env://SIGNING_KEY', { SIGNING_KEY: '' })).rejects.toMatchObject({
      code: 'KEY_INVALID',
    });
  });

  test('nobody, if there is neither a key nor a workflow that may ask for a token', async () => {
    expect(await findSigner(undefined, {})).toBeNull();
    const workflow = { GITHUB_SERVER_URL: 'https://github.com', GITHUB_WORKFLOW_REF: 'o/q/x@refs/tags/v1' };
    expect(await findSigner(undefined, workflow)).toBeNull();
  });
});
