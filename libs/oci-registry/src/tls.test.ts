import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import { createSecureServer as createHttp2Server } from 'node:http2';
import { type AddressInfo, connect as connectTcp } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer as createTlsServer, getCACertificates } from 'node:tls';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { RegistryError } from './errors.ts';
import { Secret } from './secret.ts';
import { type Certificates, hasOpenssl, makeCertificates, pemOf } from './testing/certificates.ts';
import { connect, start } from './testing/harness.ts';
import { startOtherHost } from './testing/other-host.ts';
import { startRegistryServer } from './testing/registry-server.ts';
import { readTlsMaterial, speaksTls } from './tls.ts';

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

  test('does not take what is kept for the registry to another host', async () => {
    const folders = [join(folder, 'of-the-registry')];
    const { repository, server } = await startTls({ certificateFolders: folders, ...oneAttempt });
    mkdirSync(join(folder, 'of-the-registry', server.name), { recursive: true });
    copyFileSync(certificates.ca, join(folder, 'of-the-registry', server.name, 'ca.crt'));
    const other = await startOtherHost((_, response) => void response.end('{}'), pemOf(certificates.server));
    const headers = { location: `${other.origin}/blob` };
    server.inject({ fault: { kind: 'status', status: 307, headers } });
    await expect(repository.listTags()).rejects.toMatchObject({
      code: 'REGISTRY_TLS_FAILED',
      address: `${other.origin}/blob`,
    });
    expect(other.arrivals).toEqual([]);
  });

  test('finds what is kept for Docker Hub under its name, not under its host', async () => {
    const folders = [join(folder, 'hub')];
    mkdirSync(join(folder, 'hub/docker.io'), { recursive: true });
    writeFileSync(join(folder, 'hub/docker.io/ca.crt'), 'no PEM');
    const { repository } = connect('docker.io', { certificateFolders: folders });
    await expect(repository.listTags()).rejects.toThrow('docker.io/ca.crt is not a PEM file');
  });

  test('speaks HTTP/1.1 also to a server that prefers HTTP/2', async () => {
    const versions: string[] = [];
    const server = createHttp2Server(
      { ...pemOf(certificates.server), allowHTTP1: true },
      ({ httpVersion }, response) => {
        versions.push(httpVersion);
        response.end('{"tags":[]}');
      },
    );
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const name = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    expect(await connect(name, { caFile: certificates.ca }).repository.listTags()).toEqual([]);
    expect(versions).toEqual(['1.1']);
  });

  test('is looked for on a connection that does not outlive the answer', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const server = createTlsServer(pemOf(certificates.server))
      .on('tlsClientError', () => undefined)
      .on('connection', (socket) => socket.on('close', () => resolve()));
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    onTestFinished(() => void server.close());
    const { port } = server.address() as AddressInfo;
    expect(await speaksTls(new URL(`https://127.0.0.1:${port}`))).toBe(true);
    await promise;
  });

  const hasIpv6 = Object.values(networkInterfaces()).some((all) =>
    all?.some(({ address }) => address === '::1'),
  );

  test.skipIf(!hasIpv6)('is found at an IPv6 address of this machine too', async () => {
    const server = createTlsServer(pemOf(certificates.server)).on('tlsClientError', () => undefined);
    await new Promise<void>((done) => server.listen(0, '::1', done));
    onTestFinished(() => void server.close());
    const { port } = server.address() as AddressInfo;
    expect(await speaksTls(new URL(`https://[::1]:${port}`))).toBe(true);
  });

  describe('takes from a folder', () => {
    const files = (name: string, ...kept: string[]) => {
      const own = join(folder, name, 'r.example');
      mkdirSync(own, { recursive: true });
      for (const file of kept) writeFileSync(join(own, file), `-----BEGIN ${file}`);
      return readTlsMaterial('r.example', undefined, [join(folder, name)]);
    };
    const pem = (...names: string[]) => names.map((name) => `-----BEGIN ${name}`);

    test('nothing where there is nothing', async () => {
      expect(await files('empty')).toEqual({});
    });

    test('authorities, beside those that are trusted anyway', async () => {
      expect(await files('authorities', 'b.crt', 'c.crt', 'a.crt', 'README')).toEqual({
        ca: [...getCACertificates('default'), ...pem('a.crt', 'b.crt', 'c.crt')],
      });
    });

    test('client certificates with their keys, and no other file', async () => {
      const kept = ['b.key', 'a.key', 'b.cert', 'a.cert', 'a.cert.old', 'key.txt'];
      expect(await files('clients', ...kept)).toEqual({
        cert: pem('a.cert', 'b.cert'),
        key: pem('a.key', 'b.key'),
      });
    });

    test.each(['a.key', 'a.cert'])('no half of a pair: %s', async (half) => {
      await expect(files(`half-${half}`, 'b.key', 'b.cert', half)).rejects.toThrow(
        `r.example/${half} has no key or certificate beside it`,
      );
    });

    test('and from the first one alone that exists', async () => {
      await files('first', 'a.crt');
      await files('second', 'b.crt');
      const folders = [
        join(certificates.ca, 'a file'),
        join(folder, 'none'),
        join(folder, 'first'),
        join(folder, 'second'),
      ];
      const { ca } = await readTlsMaterial('r.example', undefined, folders);
      expect(ca?.slice(getCACertificates('default').length)).toEqual(pem('a.crt'));
    });

    test('but not from one that cannot be listed', async () => {
      symlinkSync('r.example', join(folder, 'r.example'));
      await expect(readTlsMaterial('r.example', undefined, [folder])).rejects.toMatchObject({
        code: 'REGISTRY_CERTIFICATES_UNREADABLE',
        message: expect.stringContaining('cannot be listed'),
        cause: { code: 'ELOOP' },
      });
    });

    test('after the authority that is named', async () => {
      const { ca } = await readTlsMaterial('r.example', certificates.ca, []);
      expect(ca).toEqual([...getCACertificates('default'), readFileSync(certificates.ca, 'utf8')]);
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
