import { generateKeyPairSync, hash } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { fulcioHandler, initializeCA, initializeCTLog, initializeTLog, rekorHandler } from '@sigstore/mock';
import { HashAlgorithm, PublicKeyDetails, TrustedRoot } from '@sigstore/protobuf-specs';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { keylessSigner, type SigstoreServices } from './keyless-signer.ts';

// Sigstore's own stand-ins for its services, over loopback: real certificates, real log entries, by keys made here.

const statement = Buffer.from('{"predicateType":"x"}');
const REPOSITORY = 'https://github.com/owner/name';
const FILE = `${REPOSITORY}/.github/workflows/release.yml`;
const WORKFLOW = `${FILE}@refs/tags/v1`;
const BRANCH = `${FILE}@refs/heads/main`;

/** A token as GitHub gives it, except its signature, which the stand-in does not check. */
function token(claims: object): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  return [part({ alg: 'none', typ: 'JWT' }), part(claims), ''].join('.');
}

const claims = { iss: 'https://token.actions.githubusercontent.com', sub: WORKFLOW, aud: 'sigstore' };
let handed = token(claims);
let rekorIsDown = false;
let services: SigstoreServices;
const asked: string[] = [];

const server = createServer(async (request, response) => {
  const { pathname, search } = new URL(request.url ?? '', 'http://here');
  asked.push(`${request.method} ${pathname}${search} ${request.headers.authorization ?? ''}`.trim());
  if (pathname === '/token') return void response.end(JSON.stringify({ value: handed }));
  const handler = handlers.find(({ path }) => path === pathname);
  if (handler === undefined || (rekorIsDown && pathname.includes('log')))
    return void response.writeHead(403).end();
  const { statusCode, response: body, contentType } = await handler.fn(asLogged(await text(request)));
  response.writeHead(statusCode, { 'content-type': contentType ?? 'text/plain' }).end(body);
});
/** Rekor's entry for a proposed one; the stand-in logs each. */
function asLogged(body: string): string {
  const { spec, ...entry } = JSON.parse(body);
  if (entry.kind !== 'dsse') return body;
  const { envelope, verifiers } = spec.proposedContent;
  const { payload, signatures } = JSON.parse(envelope) as {
    payload: string;
    signatures: { sig: string }[];
  };
  const sha256 = (bytes: string | Buffer) => ({ algorithm: 'sha256', value: hash('sha256', bytes) });
  const logged = {
    envelopeHash: sha256(envelope),
    payloadHash: sha256(Buffer.from(payload, 'base64')),
    signatures: signatures.map(({ sig }, index) => ({ signature: sig, verifier: verifiers[index] })),
  };
  return JSON.stringify({ ...entry, spec: logged });
}

let handlers: ReturnType<typeof fulcioHandler>[] = [];

beforeAll(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  vi.stubEnv('ACTIONS_ID_TOKEN_REQUEST_URL', `${url}/token?api=2`);
  vi.stubEnv('ACTIONS_ID_TOKEN_REQUEST_TOKEN', 'request-token');

  const pair = () => generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const ctlog = await initializeCTLog(pair());
  const ca = await initializeCA(pair(), ctlog);
  const tlog = await initializeTLog(url, pair());
  handlers = [fulcioHandler(ca), rekorHandler(tlog)];

  const log = (publicKey: Buffer) => ({
    baseUrl: url,
    hashAlgorithm: HashAlgorithm.SHA2_256,
    logId: { keyId: Buffer.from(hash('sha256', publicKey, 'hex'), 'hex') },
    publicKey: {
      rawBytes: publicKey,
      keyDetails: PublicKeyDetails.PKIX_ECDSA_P256_SHA_256,
      validFor: { start: new Date(0), end: undefined },
    },
    checkpointKeyId: undefined,
    operator: '',
  });
  const root = TrustedRoot.fromJSON({});
  services = {
    fulcio: url,
    rekor: url,
    trustedRoot: async () => ({
      ...root,
      tlogs: [log(tlog.publicKey)],
      ctlogs: [log(ctlog.publicKey)],
      certificateAuthorities: [
        {
          subject: undefined,
          uri: url,
          certChain: { certificates: [{ rawBytes: Buffer.from(ca.rootCertificate.buffer) }] },
          validFor: { start: new Date(0), end: undefined },
          operator: '',
        },
      ],
    }),
  };
});
afterAll(() => {
  vi.unstubAllEnvs();
  server.closeAllConnections();
  server.close();
});

describe('a workflow', () => {
  test('signs by a certificate of its own, which the log bears witness to', async () => {
    const signer = await keylessSigner(WORKFLOW, services);
    const bundle = await signer.sign(statement);
    expect(asked).toEqual([
      'GET /token?api=2&audience=sigstore Bearer request-token',
      'POST /api/v2/signingCert',
      'POST /api/v1/log/entries',
    ]);
    const { mediaType, verificationMaterial } = JSON.parse(Buffer.from(bundle).toString());
    expect(mediaType).toBe('application/vnd.dev.sigstore.bundle.v0.3+json');
    expect(verificationMaterial).toMatchObject({ certificate: {}, tlogEntries: { length: 1 } });
    expect(signer.open(bundle)).toEqual(statement);
  });

  test.each([
    [
      'another repository',
      WORKFLOW,
      { ...claims, sub: WORKFLOW.replace('owner/name', 'owner/name-too') },
      null,
    ],
    ['another workflow', WORKFLOW, { ...claims, sub: WORKFLOW.replace('release', 'ci') }, null],
    ['another issuer', WORKFLOW, { ...claims, iss: 'https://accounts.example' }, null],
    ['a branch, at a tag', WORKFLOW, { ...claims, sub: BRANCH }, null],
    ['another branch, at a branch', BRANCH, { ...claims, sub: `${FILE}@refs/heads/mine` }, null],
    ['the same branch', BRANCH, { ...claims, sub: BRANCH }, statement],
    ['an earlier tag, at a tag', WORKFLOW, { ...claims, sub: `${FILE}@refs/tags/v0` }, statement],
    ['a tag, at a branch', BRANCH, claims, statement],
  ])('a signature of %s counts, or not', async (_, workflow, signed, opened) => {
    handed = token(signed);
    const bundle = await (await keylessSigner(WORKFLOW, services)).sign(statement);
    handed = token(claims);
    expect((await keylessSigner(workflow, services)).open(bundle)).toEqual(opened);
  });

  test('does not count what other services vouch for', async () => {
    const bundle = await (await keylessSigner(WORKFLOW, services)).sign(statement);
    const stranger = { ...services, trustedRoot: async () => TrustedRoot.fromJSON({}) };
    expect((await keylessSigner(WORKFLOW, stranger)).open(bundle)).toBeNull();
  });

  test('names the service that fails', async () => {
    rekorIsDown = true;
    const failing = (await keylessSigner(WORKFLOW, services)).sign(statement);
    await expect(failing).rejects.toMatchObject({ code: 'SIGNING_FAILED' });
    rekorIsDown = false;
  });
});
