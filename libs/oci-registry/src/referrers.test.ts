import { systemClock } from '@qemu-user-static/http';
import { describe, expect, test, vi } from 'vitest';
import { referrersTag } from './tagged-referrers.ts';
import { connect, start } from './testing/harness.ts';
import { sha256 } from './testing/store.ts';

const TYPE = 'application/vnd.oci.image.manifest.v1+json';
const INDEX = 'application/vnd.oci.image.index.v1+json';
const image = manifest({ config: { mediaType: 'application/vnd.oci.image.config.v1+json' } });
const subject = { mediaType: TYPE, digest: image.digest, size: image.bytes.byteLength };
const signature = manifest({ subject, artifactType: 'application/signature', annotations: { key: 'one' } });
const sbom = manifest({ subject, config: { mediaType: 'application/sbom' } });

function manifest(fields: object, mediaType = TYPE) {
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, ...fields }));
  return { mediaType, bytes, digest: sha256(bytes) };
}

const entryOf = ({ mediaType, digest, bytes }: typeof image) => ({
  mediaType,
  digest,
  size: bytes.byteLength,
});
const signatureEntry = {
  ...entryOf(signature),
  artifactType: 'application/signature',
  annotations: { key: 'one' },
};
const sbomEntry = { ...entryOf(sbom), artifactType: 'application/sbom' };

test('the tag for a digest has a dash for its colon', () => {
  expect(referrersTag(`sha256:${'a'.repeat(64)}`)).toBe(`sha256-${'a'.repeat(64)}`);
});

describe('a registry with the referrers API', () => {
  test('files a manifest under its subject itself', async () => {
    const { repository, server } = await start();
    await repository.putManifest(signature.digest, signature);
    await repository.putManifest(sbom.digest, sbom);
    expect(await repository.referrers(image.digest)).toEqual([signatureEntry, sbomEntry]);
    expect(server.store.tags.size).toBe(0);
  });

  test('is read page by page, and filtered', async () => {
    const { repository, server } = await start({ pageSize: 1 });
    await repository.putManifest(signature.digest, signature);
    await repository.putManifest(sbom.digest, sbom);
    expect(await repository.referrers(image.digest)).toHaveLength(2);
    expect(await repository.referrers(image.digest, 'application/sbom')).toEqual([sbomEntry]);
    expect(server.requests.at(-1)?.path).toContain('?artifactType=application%2Fsbom');
  });

  test('is asked for an index, with the right to pull alone', async () => {
    const { repository, server } = await start({ lock: { kind: 'bearer' } });
    await repository.referrers(image.digest);
    expect(server.requests.at(-1)?.headers.accept).toBe(INDEX);
    expect(server.tokenRequests).toMatchObject([{ scopes: ['repository:owner/name:pull'] }]);
  });

  test('may list what is empty, of no kind, or named by another algorithm', async () => {
    const { repository, server } = await start();
    const odd = { ...sbomEntry, size: 0, artifactType: null, digest: `sha512:${'0'.repeat(128)}` };
    const body = JSON.stringify({ manifests: [odd] });
    server.inject({ fault: { kind: 'status', status: 200, body } });
    expect(await repository.referrers(image.digest)).toEqual([odd]);
  });

  test('is not asked about what is no digest', async () => {
    const { repository, server } = await start();
    await expect(repository.referrers('../../x')).rejects.toMatchObject({ code: 'REFERENCE_INVALID' });
    expect(server.requests).toEqual([]);
  });

  test.each(['sha256:00', '../../x'])('gets no manifest whose subject is %s', async (digest) => {
    const { repository, server } = await start();
    const wrong = manifest({ subject: { ...subject, digest } });
    await expect(repository.putManifest('x', wrong)).rejects.toMatchObject({ code: 'REFERENCE_INVALID' });
    expect(server.requests).toEqual([]);
  });

  test('is filtered here when it does not do so', async () => {
    const { repository, server } = await start();
    const body = JSON.stringify({
      schemaVersion: 2,
      mediaType: INDEX,
      manifests: [signatureEntry, sbomEntry],
    });
    server.inject({ fault: { kind: 'status', status: 200, body } });
    expect(await repository.referrers(image.digest, 'application/sbom')).toEqual([sbomEntry]);
  });

  test.each([
    '"none"',
    '{}',
    '[null]',
    '["sha256:00"]',
    '[{}]',
    ...Object.entries({ mediaType: 1, digest: 'sha256:../../x', size: -1, artifactType: [] }).map(
      ([field, wrong]) => JSON.stringify([{ ...signatureEntry, [field]: wrong }]),
    ),
    JSON.stringify([{ ...signatureEntry, size: 1.5 }]),
  ])('that answers with something else is refused: %s', async (manifests) => {
    const { repository, server } = await start();
    server.inject({ fault: { kind: 'status', status: 200, body: `{"manifests":${manifests}}` } });
    await expect(repository.referrers(image.digest)).rejects.toMatchObject({
      status: 200,
      message: expect.stringContaining('not an image index'),
    });
  });

  test('that answers with a manifest of another type is refused', async () => {
    const { repository, server } = await start();
    const body = JSON.stringify({ mediaType: TYPE, manifests: [] });
    server.inject({ fault: { kind: 'status', status: 200, body } });
    await expect(repository.referrers(image.digest)).rejects.toThrow('not an image index');
  });
});

describe('a registry without it', () => {
  const listWrites = (requests: readonly { method: string; path: string }[]) =>
    requests.filter(({ method, path }) => method === 'PUT' && path.endsWith(tag)).length;

  const tag = referrersTag(image.digest);

  test('has no referrers until there are some', async () => {
    const { repository } = await start({ referrers: false });
    expect(await repository.referrers(image.digest)).toEqual([]);
  });

  test('is asked for its own list once', async () => {
    const { repository, server } = await start({ referrers: false });
    await repository.referrers(image.digest);
    await repository.referrers(image.digest);
    expect(server.requests.filter(({ path }) => path.includes('/referrers/'))).toHaveLength(1);
  });

  test('gets a list under a tag, with the kind and the annotations of each', async () => {
    const { repository } = await start({ referrers: false });
    await repository.putManifest('signed', signature);
    await repository.putManifest(sbom.digest, sbom);
    expect(await repository.referrers(image.digest)).toEqual([signatureEntry, sbomEntry]);
    expect(await repository.referrers(image.digest, 'application/signature')).toEqual([signatureEntry]);
    const list = await repository.getManifest(tag);
    expect(list.mediaType).toBe(INDEX);
    expect(JSON.parse(Buffer.from(list.bytes).toString())).toEqual({
      schemaVersion: 2,
      mediaType: INDEX,
      manifests: [signatureEntry, sbomEntry],
    });
  });

  test('an index without a kind gets none', async () => {
    const { repository } = await start({ referrers: false });
    // Only an image's configuration names its kind.
    const index = manifest({ subject, manifests: [], config: { mediaType: 'application/sbom' } }, INDEX);
    await repository.putManifest(index.digest, index);
    expect(await repository.referrers(image.digest)).toEqual([entryOf(index)]);
  });

  test('nor does an image without a configuration', async () => {
    const { repository } = await start({ referrers: false });
    const bare = manifest({ subject });
    await repository.putManifest(bare.digest, bare);
    expect(await repository.referrers(image.digest)).toEqual([entryOf(bare)]);
  });

  test.each([null, 'text', {}, { digest: 7 }])('a subject that is %j is none', async (none) => {
    const { repository, server } = await start({ referrers: false });
    await repository.putManifest('x', manifest({ subject: none }));
    expect(server.requests.map(({ method }) => method)).toEqual(['PUT']);
  });

  test('a list keeps what else it says', async () => {
    const { repository } = await start({ referrers: false });
    await repository.putManifest(
      tag,
      manifest({ manifests: [signatureEntry], annotations: { a: 'b' } }, INDEX),
    );
    await repository.putManifest(sbom.digest, sbom);
    expect(JSON.parse(Buffer.from((await repository.getManifest(tag)).bytes).toString())).toEqual({
      schemaVersion: 2,
      mediaType: INDEX,
      manifests: [signatureEntry, sbomEntry],
      annotations: { a: 'b' },
    });
  });

  test('a list that may not be read is not written over', async () => {
    const { repository, server } = await start({ referrers: false });
    server.inject({ method: 'GET', path: new RegExp(tag), fault: { kind: 'status', status: 403 } });
    await expect(repository.putManifest(sbom.digest, sbom)).rejects.toMatchObject({
      code: 'REGISTRY_DENIED',
    });
    expect(listWrites(server.requests)).toBe(0);
    server.inject({ method: 'GET', path: new RegExp(tag), fault: { kind: 'status', status: 403 } });
    await expect(repository.referrers(image.digest)).rejects.toMatchObject({ code: 'REGISTRY_DENIED' });
  });

  test('a write that fails does not stop the one that waits for it', async () => {
    let waiting: Promise<unknown> | undefined;
    const clock = {
      ...systemClock,
      // Between two attempts to read the list, the next manifest is stored.
      sleep: async () => {
        waiting ??= repository.putManifest(signature.digest, signature);
        await vi.waitFor(() =>
          expect(server.store.manifests.has(`owner/name@${signature.digest}`)).toBe(true),
        );
      },
    };
    const { repository, server } = await start({ referrers: false }, { clock });
    const reading = { method: 'GET', path: new RegExp(tag) };
    server.inject({ ...reading, fault: { kind: 'status', status: 503 } });
    server.inject({ ...reading, skip: 1, fault: { kind: 'status', status: 403 } });
    await expect(repository.putManifest(sbom.digest, sbom)).rejects.toMatchObject({
      code: 'REGISTRY_DENIED',
    });
    expect(await waiting).toMatchObject({ digest: signature.digest });
    expect(await repository.referrers(image.digest)).toEqual([signatureEntry]);
  });

  test('of one repository is not that of another', async () => {
    const { repository, registry, server } = await start({ referrers: false });
    const other = registry.repository('other/name');
    await Promise.all([repository, other].map((each) => each.putManifest(sbom.digest, sbom)));
    expect(await repository.referrers(image.digest)).toEqual([sbomEntry]);
    expect(await other.referrers(image.digest)).toEqual([sbomEntry]);
    expect(server.requests.filter(({ path }) => path.includes('/referrers/'))).toHaveLength(2);
  });

  test('a manifest pushed twice is listed once', async () => {
    const { repository, server } = await start({ referrers: false });
    await repository.putManifest(sbom.digest, sbom);
    expect(listWrites(server.requests)).toBe(1);
    await repository.putManifest(sbom.digest, sbom);
    expect(listWrites(server.requests)).toBe(1);
  });

  test('several pushed at once are all listed, in one write of the list', async () => {
    const { repository, server } = await start({ referrers: false });
    const many = Array.from({ length: 10 }, (_, n) =>
      manifest({ subject, artifactType: `application/n${n}` }),
    );
    await Promise.all(many.map((each) => repository.putManifest(each.digest, each)));
    const listed = (await repository.referrers(image.digest)).map(({ digest }) => digest);
    expect(listed.sort()).toEqual(many.map(({ digest }) => digest).sort());
    expect(listWrites(server.requests)).toBe(1);
  });

  test('several clients at once, none of which knows of the others, lose no entry', async () => {
    const { server } = await start({ referrers: false });
    const many = Array.from({ length: 6 }, (_, n) =>
      manifest({ subject, artifactType: `application/n${n}` }),
    );
    const clients = many.map(() => connect(server.name, { clock: systemClock }).repository);
    await Promise.all(many.map((each, n) => clients[n]?.putManifest(each.digest, each)));
    const listed = (await clients[0]?.referrers(image.digest))?.map(({ digest }) => digest);
    expect(listed?.sort()).toEqual(many.map(({ digest }) => digest).sort());
  });

  test('an entry that is overwritten again and again is an error, which says so', async () => {
    const { repository, server, clock } = await start({ referrers: false });
    // A registry that forgets what was written: every reader finds no list.
    const forgets = { method: 'GET', path: new RegExp(tag), times: 99 };
    server.inject({ ...forgets, fault: { kind: 'status', status: 404 } });
    await expect(repository.putManifest(sbom.digest, sbom)).rejects.toMatchObject({
      code: 'REFERRERS_CONTESTED',
      method: 'PUT',
      address: expect.stringContaining(tag),
    });
    expect(listWrites(server.requests)).toBe(12);
    // Longer each time, by a chance that is a half here.
    expect(clock.sleeps).toEqual(Array.from({ length: 12 }, (_, n) => 50 * (1 + (n + 1) / 2)));
  });

  test('a list is read again after more than twice the time that it took', async () => {
    let pass = (): unknown => undefined;
    const { repository, clock } = await start({ referrers: false }, { onEvent: () => pass() });
    pass = () => clock.pass(40);
    await repository.putManifest(sbom.digest, sbom);
    // An event for its reading, and one for its writing.
    expect(clock.sleeps).toEqual([2 * 80 * 1.5]);
  });

  test('what else is under that tag is not overwritten, and is an error', async () => {
    const { repository, server } = await start({ referrers: false });
    await repository.putManifest(tag, image);
    await expect(repository.putManifest(sbom.digest, sbom)).rejects.toThrow('does not hold an image index');
    expect(server.store.tags.get(`owner/name:${tag}`)).toBe(image.digest);
    expect(await repository.referrers(image.digest)).toEqual([]);
  });
});
