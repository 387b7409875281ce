import { execFile, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { Credentials } from './credentials/credentials.ts';
import type { Repository } from './registry.ts';
import { Secret } from './secret.ts';
import { referrersTag } from './tagged-referrers.ts';
import { type Certificates, hasOpenssl, makeCertificates } from './testing/certificates.ts';
import { startCuttingProxy } from './testing/cutting-proxy.ts';
import { type DockerRegistry, hasDockerRegistry, startDockerRegistry } from './testing/docker-registry.ts';
import { collect, connect, someBytes, sourceOf } from './testing/harness.ts';
import { sha256 } from './testing/store.ts';
import { startTokenServer } from './testing/token-server.ts';

const run = promisify(execFile);
const hasSkopeo = spawnSync('skopeo', ['--version']).status === 0;
const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
const basic: Credentials = { kind: 'basic', username: 'me', password: new Secret('hunter2') };
const KIB = 1 << 10;
const inChunks = { monolithicLimit: 64 * KIB, chunkSize: 256 * KIB };

/** An image of one layer, which is not a tar file but has the right digest. */
function imageOf(layer: Buffer) {
  const config = Buffer.from(
    JSON.stringify({
      architecture: 'amd64',
      os: 'linux',
      rootfs: { type: 'layers', diff_ids: [sha256(layer)] },
      config: {},
    }),
  );
  const describeBlob = (mediaType: string, bytes: Buffer) => ({
    mediaType,
    digest: sha256(bytes),
    size: bytes.byteLength,
  });
  const bytes = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: MANIFEST,
      config: describeBlob('application/vnd.oci.image.config.v1+json', config),
      layers: [describeBlob('application/vnd.oci.image.layer.v1.tar', layer)],
    }),
  );
  return { blobs: [config, layer], manifest: { mediaType: MANIFEST, bytes }, digest: sha256(bytes) };
}

async function push(repository: Repository, tag: string, image: ReturnType<typeof imageOf>): Promise<void> {
  await Promise.all(image.blobs.map((blob) => repository.uploadBlob(sourceOf(blob))));
  await repository.putManifest(tag, image.manifest);
}

async function digestBySkopeo(name: string, ...options: string[]): Promise<string> {
  const { stdout } = await run('skopeo', ['inspect', '--raw', ...options, `docker://${name}`], {
    encoding: 'buffer',
  });
  return sha256(stdout as unknown as Buffer);
}

const PLAIN = '--tls-verify=false';

describe.skipIf(!hasDockerRegistry)('open (docker-registry)', () => {
  let server: DockerRegistry;
  beforeAll(async () => {
    server = await startDockerRegistry();
  });
  afterAll(() => server.close());

  test('takes small blobs whole and large ones in chunks, and gives them back', async () => {
    const { repository } = connect(server.name, inChunks);
    for (const bytes of [someBytes(0), someBytes(1), someBytes(64 * KIB), someBytes(1_000_000)]) {
      const source = sourceOf(bytes);
      await repository.uploadBlob(source);
      expect(await repository.headBlob(source.digest)).toEqual({ size: bytes.byteLength });
      expect((await collect(repository.getBlob(source))).equals(bytes)).toBe(true);
    }
  });

  test('mounts a blob of another repository, and begins an upload for one it does not have', async () => {
    const { registry, repository } = connect(server.name);
    const source = sourceOf(someBytes(5000, 3));
    await repository.uploadBlob(source);
    const other = registry.repository('other/place');
    expect(await other.mountBlob(source.digest, 'owner/name')).toEqual({ mounted: true });
    expect(await other.headBlob(source.digest)).toEqual({ size: 5000 });
    const absent = sourceOf(someBytes(5000, 4));
    const missed = await other.mountBlob(absent.digest, 'owner/name');
    await other.uploadBlob(absent, missed.mounted ? undefined : missed.session);
    expect(await other.headBlob(absent.digest)).toEqual({ size: 5000 });
  });

  test('lists tags, and has none for what does not exist', async () => {
    const { registry } = connect(server.name);
    const repository = registry.repository('many/tags');
    expect(await repository.listTags()).toEqual([]);
    const image = imageOf(someBytes(100));
    await push(repository, 'a', image);
    await repository.putManifest('b', image.manifest);
    expect((await repository.listTags()).sort()).toEqual(['a', 'b']);
    expect(await repository.headManifest('a')).toEqual({
      mediaType: MANIFEST,
      digest: image.digest,
      size: image.manifest.bytes.byteLength,
    });
    expect(await repository.headManifest('none')).toBeUndefined();
  });

  test('refuses a wrong digest and a manifest whose blobs are missing, in its own words', async () => {
    const { repository } = connect(server.name, inChunks);
    const source = { ...sourceOf(someBytes(1_000_000, 7)), digest: sha256(Buffer.from('x')) };
    await expect(repository.uploadBlob(source)).rejects.toMatchObject({
      status: 400,
      details: [{ code: 'DIGEST_INVALID' }],
    });
    const image = imageOf(someBytes(77, 77));
    await expect(repository.putManifest('x', image.manifest)).rejects.toMatchObject({
      status: 400,
      details: expect.arrayContaining([expect.objectContaining({ code: 'MANIFEST_BLOB_UNKNOWN' })]),
    });
  });

  test('has no referrers API: the list is kept under a tag', async () => {
    const { repository } = connect(server.name);
    const image = imageOf(someBytes(100, 5));
    await push(repository, 'subject', image);
    const subject = { mediaType: MANIFEST, digest: image.digest, size: image.manifest.bytes.byteLength };
    const fields = {
      ...JSON.parse(image.manifest.bytes.toString()),
      artifactType: 'application/note',
      subject,
    };
    const bytes = Buffer.from(JSON.stringify(fields));
    const note = await repository.putManifest(sha256(bytes), { mediaType: MANIFEST, bytes });
    expect(await repository.referrers(image.digest)).toEqual([{ ...note, artifactType: 'application/note' }]);
    expect(await repository.listTags()).toContain(referrersTag(image.digest));
  });

  test('keeps each of the referrers that several processes push at once', async () => {
    const { registry } = connect(server.name);
    const path = 'many/referrers';
    const repository = registry.repository(path);
    const image = imageOf(someBytes(100, 6));
    await push(repository, 'subject', image);
    const subject = { mediaType: MANIFEST, digest: image.digest, size: image.manifest.bytes.byteLength };
    const fields = JSON.parse(image.manifest.bytes.toString());
    const notes = Array.from({ length: 12 }, (_, n) =>
      JSON.stringify({ ...fields, subject, annotations: { n: String(n) } }),
    );
    const program = new URL('./testing/put-referrers.ts', import.meta.url).pathname;
    const shares = [notes.slice(0, 4), notes.slice(4, 8), notes.slice(8)];
    await Promise.all(shares.map((share) => run(process.execPath, [program, server.name, path, ...share])));
    const listed = (await repository.referrers(image.digest)).map(({ digest }) => digest);
    expect(listed.sort()).toEqual(notes.map((note) => sha256(Buffer.from(note))).sort());
  });

  test.skipIf(!hasSkopeo)(
    'holds what skopeo reads and copies, and we read what skopeo copies there (skopeo)',
    async () => {
      const { registry, repository } = connect(server.name, inChunks);
      const layer = someBytes(1_000_000, 9);
      const image = imageOf(layer);
      await push(repository, 'v1', image);
      const name = `${server.name}/owner/name:v1`;
      expect(await digestBySkopeo(name, PLAIN)).toBe(image.digest);
      const folder = mkdtempSync(join(tmpdir(), 'skopeo-'));
      onTestFinished(() => rmSync(folder, { recursive: true }));
      await run('skopeo', ['copy', '--src-tls-verify=false', `docker://${name}`, `dir:${folder}`]);
      expect(readFileSync(join(folder, sha256(layer).slice('sha256:'.length))).equals(layer)).toBe(true);
      const back = `docker://${server.name}/by/skopeo:v1`;
      await run('skopeo', ['copy', '--dest-tls-verify=false', '--preserve-digests', `dir:${folder}`, back]);
      const theirs = registry.repository('by/skopeo');
      expect((await theirs.getManifest('v1')).digest).toBe(image.digest);
      expect(
        (await collect(theirs.getBlob({ digest: sha256(layer), size: layer.byteLength }))).equals(layer),
      ).toBe(true);
    },
  );

  describe('behind a connection that drops', () => {
    async function throughProxy() {
      const proxy = await startCuttingProxy(server.name);
      onTestFinished(() => proxy.close());
      return { proxy, ...connect(proxy.name, { ...inChunks, plainHttp: true }) };
    }

    test('an upload arrives whole', async () => {
      const { proxy, repository, events } = await throughProxy();
      const source = sourceOf(someBytes(2_000_000, 11));
      const limits = [400_000, 300_000, 1].map((after) => ({ direction: 'to', after }) as const);
      proxy.cut(...limits);
      await repository.uploadBlob(source);
      expect(proxy.cuts).toBe(3);
      expect(events.filter(({ type }) => type === 'retry').length).toBeGreaterThanOrEqual(3);
      expect((await collect(repository.getBlob(source))).equals(someBytes(2_000_000, 11))).toBe(true);
    });

    test('a download goes on where it was cut', async () => {
      const { proxy, repository, events } = await throughProxy();
      const source = sourceOf(someBytes(2_000_000, 12));
      await repository.uploadBlob(source);
      proxy.cut({ direction: 'from', after: 1_200_000 }, { direction: 'from', after: 300_000 });
      expect((await collect(repository.getBlob(source))).equals(someBytes(2_000_000, 12))).toBe(true);
      expect(proxy.cuts).toBe(2);
      expect(
        events.flatMap((event) => ('status' in event && event.method === 'GET' ? [event.status] : [])),
      ).toEqual([200, 206, 206]);
    });
  });
});

describe.skipIf(!hasDockerRegistry)('with passwords (docker-registry)', () => {
  let server: DockerRegistry;
  beforeAll(async () => {
    server = await startDockerRegistry({ htpasswd: true });
  });
  afterAll(() => server.close());

  test('lets in who has the right one', async () => {
    const { repository } = connect(server.name, { credentials: async () => basic });
    const image = imageOf(someBytes(1000, 21));
    await push(repository, 'v1', image);
    expect((await repository.headManifest('v1'))?.digest).toBe(image.digest);
    if (hasSkopeo) {
      const name = `${server.name}/owner/name:v1`;
      expect(await digestBySkopeo(name, PLAIN, '--creds', 'me:hunter2')).toBe(image.digest);
    }
  });

  test('and no one else', async () => {
    const wrong: Credentials = { kind: 'basic', username: 'me', password: new Secret('hunter3') };
    for (const who of [wrong, { kind: 'anonymous' }] as const) {
      const { repository } = connect(server.name, { credentials: async () => who });
      await expect(repository.headManifest('v1')).rejects.toMatchObject({
        code: 'REGISTRY_UNAUTHORIZED',
        status: 401,
      });
    }
  });
});

describe.skipIf(!hasDockerRegistry || !hasOpenssl)('with certificates (docker-registry, openssl)', () => {
  let folder: string;
  let certificates: Certificates;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'registry-certificates-'));
    certificates = makeCertificates(folder);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  test('TLS by a private authority', async () => {
    const server = await startDockerRegistry({ tls: certificates.server });
    onTestFinished(() => server.close());
    const { repository } = connect(server.name, { ...inChunks, caFile: certificates.ca });
    const image = imageOf(someBytes(1_000_000, 31));
    await push(repository, 'v1', image);
    await expect(
      connect(server.name, { certificateFolders: [] }).repository.listTags(),
    ).rejects.toMatchObject({
      code: 'REGISTRY_TLS_FAILED',
    });
    if (hasSkopeo) {
      const trusted = join(folder, 'trusted');
      mkdirSync(trusted);
      await run('cp', [certificates.ca, trusted]);
      expect(await digestBySkopeo(`${server.name}/owner/name:v1`, '--cert-dir', trusted)).toBe(image.digest);
    }
  });

  describe('a token server', () => {
    async function startBoth(seconds?: number) {
      const { key, cert } = certificates.server;
      const tokens = await startTokenServer({
        key,
        cert,
        username: 'me',
        password: 'hunter2',
        ...(seconds && { seconds }),
      });
      const server = await startDockerRegistry({ token: { ...tokens, bundle: certificates.ca } });
      onTestFinished(async () => {
        tokens.close();
        await server.close();
      });
      const client = connect(server.name, {
        ...inChunks,
        caFile: certificates.ca,
        credentials: async () => basic,
      });
      return { tokens, server, ...client };
    }

    test('gives tokens for pushing and mounting', async () => {
      const { tokens, server, registry, repository } = await startBoth();
      const image = imageOf(someBytes(1_000_000, 41));
      await push(repository, 'v1', image);
      const [config = Buffer.of()] = image.blobs;
      const other = registry.repository('other/place');
      expect(await other.mountBlob(sha256(config), 'owner/name')).toEqual({ mounted: true });
      if (hasSkopeo) {
        const name = `${server.name}/owner/name:v1`;
        expect(await digestBySkopeo(name, PLAIN, '--creds', 'me:hunter2')).toBe(image.digest);
      }
      const asked = tokens.requests.map(({ scopes }) => scopes.join(' '));
      expect(asked.slice(0, 2)).toEqual([
        'repository:owner/name:pull,push',
        'repository:other/place:pull,push repository:owner/name:pull',
      ]);
    });

    test('whose tokens end in the middle of an upload', async () => {
      // docker-registry accepts a token for a minute after its end: this one for one to two seconds from now.
      const { tokens, repository } = await startBoth(-58);
      const bytes = someBytes(1_000_000, 42);
      const source = sourceOf(bytes);
      const open = async function* (offset: number) {
        if (offset > 0 && tokens.requests.length === 1)
          await new Promise((resolve) => setTimeout(resolve, 2100));
        yield* source.open(offset);
      };
      await repository.uploadBlob({ ...source, open });
      expect(tokens.requests.length).toBeGreaterThanOrEqual(2);
      expect((await collect(repository.getBlob(source))).equals(bytes)).toBe(true);
    });
  });
});
