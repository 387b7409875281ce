import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Credentials } from './credentials/credentials.ts';
import { Secret } from './secret.ts';
import { type Certificates, hasOpenssl, makeCertificates, pemOf } from './testing/certificates.ts';
import { collect, connect, start } from './testing/harness.ts';
import { type OtherHost, startOtherHost } from './testing/other-host.ts';
import { sha256 } from './testing/store.ts';

/** The hosts that a registry's answers lead to, and the requests there: never a secret, and where possible none. */

const KINDS: readonly Credentials[] = [
  { kind: 'basic', username: 'me', password: new Secret('hunter2') },
  { kind: 'identity', token: new Secret('hunter2') },
  { kind: 'registry-token', token: new Secret('hunter2') },
];
const SECRETS = /hunter2|bWU6aHVudGVyMg/;
const as = (who: Credentials) => ({ credentials: async () => who });
const bearer = { kind: 'bearer' } as const;
const digest = sha256(Buffer.from('blob'));

/** Demands credentials in its own name, and would take them. */
const greedy = (challenge: (origin: string) => string) => {
  const host = startOtherHost((request, response) => {
    if (request.url?.startsWith('/token')) return response.end('{"token":"stolen"}');
    return response
      .writeHead(401, { 'www-authenticate': challenge(`http://${request.headers.host}`) })
      .end('{}');
  });
  return host;
};

const received = ({ arrivals }: OtherHost) => JSON.stringify(arrivals);

describe.each(KINDS)('with credentials of the kind $kind', (who) => {
  test.each([
    ['a token server of its own', (origin: string) => `Bearer realm="${origin}/token",service="s"`],
    ['the password', () => 'Basic realm="r"'],
  ])('a host that the registry redirects to asks for %s and gets nothing', async (_, challenge) => {
    const stranger = await greedy(challenge);
    const { repository, server } = await start({}, as(who));
    const headers = { location: `${stranger.origin}/blob` };
    server.inject({ method: 'GET', times: 9, fault: { kind: 'status', status: 307, headers } });
    await expect(collect(repository.getBlob({ digest, size: 4 }))).rejects.toMatchObject({
      code: 'REGISTRY_UNAUTHORIZED',
    });
    expect(stranger.arrivals.map(({ path, authorization }) => [path, authorization])).toEqual([
      ['/blob', undefined],
    ]);
    expect(received(stranger)).not.toMatch(SECRETS);
  });

  test('nor does one that redirects once more within itself', async () => {
    const stranger = await startOtherHost((request, response) => {
      if (request.url === '/first') return response.writeHead(307, { location: '/second' }).end();
      const challenge = `Bearer realm="http://${request.headers.host}/token",service="s"`;
      return response.writeHead(401, { 'www-authenticate': challenge }).end();
    });
    const { repository, server } = await start({}, as(who));
    const headers = { location: `${stranger.origin}/first` };
    server.inject({ method: 'GET', times: 9, fault: { kind: 'status', status: 307, headers } });
    await expect(repository.getManifest('x')).rejects.toMatchObject({ code: 'REGISTRY_UNAUTHORIZED' });
    expect(server.requests).toHaveLength(1);
    expect(stranger.arrivals.map(({ path, authorization }) => [path, authorization])).toEqual([
      ['/first', undefined],
      ['/second', undefined],
    ]);
  });

  test('nor does one that redirects back to the registry', async () => {
    const { repository, server } = await start({}, as(who));
    const stranger = await startOtherHost((_, response) => {
      response.writeHead(307, { location: `http://${server.name}/v2/back/manifests/x` }).end();
    });
    const headers = { location: `${stranger.origin}/blob` };
    server.inject({ method: 'GET', fault: { kind: 'status', status: 307, headers } });
    const challenge = { 'www-authenticate': `Bearer realm="http://${server.name}/token",service="s"` };
    server.inject({ path: /back/, times: 9, fault: { kind: 'status', status: 401, headers: challenge } });
    await expect(repository.getManifest('x')).rejects.toMatchObject({ code: 'REGISTRY_UNAUTHORIZED' });
    expect(server.requests.map(({ headers }) => headers.authorization)).toEqual([undefined, undefined]);
  });

  test('a token server elsewhere without TLS is not asked', async () => {
    const stranger = await greedy(() => '');
    const { repository, server } = await start({}, as(who));
    const headers = { 'www-authenticate': `Bearer realm="${stranger.origin}/token",service="s"` };
    server.inject({ times: 9, fault: { kind: 'status', status: 401, headers } });
    const failed = repository.listTags();
    if (who.kind === 'registry-token') await expect(failed).rejects.toMatchObject({ status: 401 });
    else await expect(failed).rejects.toMatchObject({ code: 'REGISTRY_TOKEN_SERVER_REFUSED' });
    expect(stranger.arrivals).toEqual([]);
  });
});

test('a token server is not followed to another host', async () => {
  const stranger = await greedy(() => '');
  const { repository, server } = await start({ lock: bearer }, as(KINDS[0] as Credentials));
  const headers = { location: `${stranger.origin}/token` };
  server.inject({ path: /token/, times: 9, fault: { kind: 'status', status: 307, headers } });
  await expect(repository.listTags()).rejects.toMatchObject({ code: 'REGISTRY_PROTOCOL_BROKEN' });
  expect(stranger.arrivals).toEqual([]);
});

test('the next page of a list is not asked for at another host', async () => {
  const stranger = await greedy(() => 'Basic realm="r"');
  const { repository, server } = await start({}, as(KINDS[0] as Credentials));
  const headers = { link: `<${stranger.origin}/v2/owner/name/tags/list?last=a>; rel="next"` };
  server.inject({ fault: { kind: 'status', status: 200, headers, body: '{"tags":["a"]}' } });
  await expect(repository.listTags()).rejects.toMatchObject({ code: 'REGISTRY_PROTOCOL_BROKEN' });
  expect(stranger.arrivals).toEqual([]);
});

describe.skipIf(!hasOpenssl)('token servers with TLS (openssl)', () => {
  let folder: string;
  let certificates: Certificates;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'registry-strangers-'));
    certificates = makeCertificates(folder);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const tokenServer = () =>
    startOtherHost((_, response) => void response.end('{"token":"t"}'), pemOf(certificates.server));

  test('the first that the registry names gets the password, any other does not', async () => {
    const [first, second] = [await tokenServer(), await tokenServer()];
    const { server } = await start({ tls: pemOf(certificates.server) });
    const { repository } = connect(server.name, { caFile: certificates.ca, ...as(KINDS[0] as Credentials) });
    const refuse = ({ origin }: OtherHost) => {
      const headers = { 'www-authenticate': `Bearer realm="${origin}/token",service="s"` };
      server.inject({ fault: { kind: 'status', status: 401, headers } });
    };
    refuse(first);
    expect(await repository.listTags()).toEqual([]);
    expect(received(first)).toMatch(SECRETS);
    refuse(second);
    await expect(repository.listTags()).rejects.toMatchObject({
      code: 'REGISTRY_TOKEN_SERVER_REFUSED',
      message: expect.stringContaining(second.origin),
    });
    expect(second.arrivals).toEqual([]);
    expect(received(first)).toMatch(SECRETS);
  });

  test('without TLS is refused too when the registry has it', async () => {
    const stranger = await greedy(() => '');
    const { server } = await start({ tls: pemOf(certificates.server) });
    const { repository } = connect(server.name, { caFile: certificates.ca, ...as(KINDS[1] as Credentials) });
    const headers = { 'www-authenticate': `Bearer realm="${stranger.origin}/token",service="s"` };
    server.inject({ fault: { kind: 'status', status: 401, headers } });
    await expect(repository.listTags()).rejects.toMatchObject({ code: 'REGISTRY_TOKEN_SERVER_REFUSED' });
    expect(stranger.arrivals).toEqual([]);
  });
});
