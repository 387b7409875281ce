import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { type AddressInfo, connect as connectTcp } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { RegistryError } from './errors.ts';
import { Secret } from './secret.ts';
import { type Certificates, hasOpenssl, makeCertificates, pemOf } from './testing/certificates.ts';
import { connect, start } from './testing/harness.ts';
import { startRegistryServer } from './testing/registry-server.ts';

const oneAttempt = { retry: { attempts: 1 } };

/** A proxy that leads every CONNECT to the same server. */
async function startProxy(target: string) {
  const asked: string[] = [];
  const proxy = createServer().on('connect', ({ url }, near) => {
    asked.push(url ?? '');
    const far = connectTcp(Number(target.split(':')[1]), '127.0.0.1', () => {
      near.write('HTTP/1.1 200 OK\r\n\r\n');
      near.pipe(far).pipe(near);
    });
    near.on('error', () => far.destroy());
    far.on('error', () => near.destroy());
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void proxy.close());
  return { url: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`, asked };
}

describe.skipIf(!hasOpenssl)('TLS (openssl)', () => {
  let folder: string;
  let certificates: Certificates;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'registry-tls-'));
    certificates = makeCertificates(folder);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const startTls = (client: Parameters<typeof start>[1]) =>
    start({ tls: pemOf(certificates.server) }, client);

  test('with a private authority works when that is named', async () => {
    const { repository } = await startTls({ caFile: certificates.ca });
    expect(await repository.listTags()).toEqual([]);
  });

  test('and fails, at once, when it is not', async () => {
    const { repository, clock } = await startTls({ certificateFolders: [] });
    await expect(repository.listTags()).rejects.toMatchObject({ code: 'REGISTRY_TLS_FAILED' });
    expect(clock.sleeps).toEqual([]);
  });

  test('takes the authority from the folder Docker keeps for the host', async () => {
    const folders = [join(folder, 'none'), join(folder, 'certs.d')];
    const { repository, server } = await startTls({ certificateFolders: folders });
    mkdirSync(join(folder, 'certs.d', server.name), { recursive: true });
    copyFileSync(certificates.ca, join(folder, 'certs.d', server.name, 'ca.crt'));
    expect(await repository.listTags()).toEqual([]);
  });

  test('gives the token server a password through TLS as well', async () => {
    const lock = { kind: 'bearer', username: 'me', password: 'p' } as const;
    const client = await start(
      { tls: pemOf(certificates.server), lock },
      {
        caFile: certificates.ca,
        credentials: async () => ({ kind: 'basic', username: 'me', password: new Secret('p') }),
      },
    );
    await client.repository.listTags();
    expect(client.server.tokenRequests).toHaveLength(1);
  });

  test('shows the certificate a client has for the host, where the registry asks for one', async () => {
    const tls = { ...pemOf(certificates.server), clientCa: readFileSync(certificates.ca, 'utf8') };
    const folders = [join(folder, 'with-client')];
    const { repository, server } = await start({ tls }, { certificateFolders: folders, ...oneAttempt });
    const own = join(folder, 'with-client', server.name);
    mkdirSync(own, { recursive: true });
    copyFileSync(certificates.ca, join(own, 'ca.crt'));
    copyFileSync(certificates.client.cert, join(own, 'client.cert'));
    copyFileSync(certificates.client.key, join(own, 'client.key'));
    expect(await repository.listTags()).toEqual([]);
    const { repository: stranger } = connect(server.name, { caFile: certificates.ca, ...oneAttempt });
    await expect(stranger.listTags()).rejects.toBeInstanceOf(RegistryError);
  });

  test('goes through a proxy to a registry elsewhere, and none is asked for one on this machine', async () => {
    const server = await startRegistryServer({ tls: pemOf(certificates.server) });
    onTestFinished(() => server.close());
    const proxy = await startProxy(server.name);
    const settings = { caFile: certificates.ca, proxies: { HTTPS_PROXY: proxy.url } };
    expect(await connect('registry.test', settings).repository.listTags()).toEqual([]);
    expect(await connect(server.name, settings).repository.listTags()).toEqual([]);
    expect(proxy.asked).toEqual(['registry.test:443']);
  });

  test('of a registry elsewhere does not lead into this machine without it', async () => {
    const server = await startRegistryServer({ tls: pemOf(certificates.server) });
    onTestFinished(() => server.close());
    const proxy = await startProxy(server.name);
    const settings = { caFile: certificates.ca, proxies: { HTTPS_PROXY: proxy.url } };
    const { repository } = connect('registry.test', settings);
    const headers = { location: 'http://127.0.0.1:1/secret' };
    server.inject({ fault: { kind: 'status', status: 307, headers } });
    await expect(repository.listTags()).rejects.toMatchObject({
      code: 'REGISTRY_PLAIN_HTTP',
      address: 'http://127.0.0.1:1/secret',
    });
  });

  test('refuses certificates that are missing or halves of a pair', async () => {
    const missing = await startTls({ caFile: join(folder, 'nothing.crt') });
    await expect(missing.repository.listTags()).rejects.toMatchObject({
      code: 'REGISTRY_CERTIFICATES_UNREADABLE',
    });
    const half = await startTls({ certificateFolders: [join(folder, 'half')] });
    mkdirSync(join(folder, 'half', half.server.name), { recursive: true });
    copyFileSync(certificates.client.cert, join(folder, 'half', half.server.name, 'client.cert'));
    await expect(half.repository.listTags()).rejects.toThrow(
      'client.cert has no key or certificate beside it',
    );
  });
});
