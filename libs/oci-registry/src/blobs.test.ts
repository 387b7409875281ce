import { describe, expect, test } from 'vitest';
import { collect, someBytes, start } from './testing/harness.ts';
import type { RegistryServerSettings } from './testing/registry-server.ts';
import { sha256 } from './testing/store.ts';

const bytes = someBytes(300_000);
const digest = sha256(bytes);

async function withBlob(settings: RegistryServerSettings = {}) {
  const started = await start(settings);
  started.server.store.blobs.set(`owner/name@${digest}`, bytes);
  const ranges = () =>
    started.server.requests.filter(({ method }) => method === 'GET').map(({ headers }) => headers.range);
  return { ...started, ranges };
}

test('a blob is known by its size, or not at all', async () => {
  const { repository } = await withBlob();
  expect(await repository.headBlob(digest)).toEqual({ size: 300_000 });
  expect(await repository.headBlob(sha256(Buffer.from('other')))).toBeUndefined();
});

test('its bytes come as they were stored', async () => {
  const { repository } = await withBlob();
  expect((await collect(repository.getBlob({ digest, size: 300_000 }))).equals(bytes)).toBe(true);
});

test('an empty blob has no bytes and ends well', async () => {
  const { repository, server } = await start();
  const empty = sha256(Buffer.from(''));
  server.store.blobs.set(`owner/name@${empty}`, Buffer.from(''));
  expect(await collect(repository.getBlob({ digest: empty, size: 0 }))).toHaveLength(0);
  // It is requested too: the registry has to have it.
  expect(server.requests.map(({ method }) => method)).toEqual(['GET']);
  server.store.blobs.clear();
  await expect(collect(repository.getBlob({ digest: empty, size: 0 }))).rejects.toMatchObject({
    status: 404,
  });
});

test('a registry that says a blob has another digest is not believed', async () => {
  const { repository, server } = await withBlob();
  server.inject({ method: 'HEAD', fault: { kind: 'wrong-digest-header' } });
  await expect(repository.headBlob(digest)).rejects.toMatchObject({ code: 'REGISTRY_DIGEST_MISMATCH' });
});

test.each([{}, { 'content-range': 'nonsense' }, { 'content-range': 'x bytes 0-9/10' }])(
  'a part of a blob that does not say which one is refused: %j',
  async (headers) => {
    const { repository, server } = await withBlob();
    server.inject({ method: 'GET', fault: { kind: 'status', status: 206, headers, body: 'part' } });
    await expect(collect(repository.getBlob({ digest, size: 300_000 }))).rejects.toMatchObject({
      code: 'REGISTRY_PROTOCOL_BROKEN',
    });
  },
);

test('a blob that is not there is an error', async () => {
  const { repository } = await start();
  await expect(collect(repository.getBlob({ digest, size: 300_000 }))).rejects.toMatchObject({
    code: 'REGISTRY_NOT_FOUND',
    details: [{ code: 'BLOB_UNKNOWN' }],
  });
});

describe('after a drop', () => {
  test('the rest is asked for by Range', async () => {
    const { repository, server, ranges } = await withBlob();
    server.inject({ method: 'GET', fault: { kind: 'drop-answer', after: 100_000 } });
    server.inject({ method: 'GET', skip: 1, fault: { kind: 'drop-answer', after: 50_000 } });
    expect((await collect(repository.getBlob({ digest, size: 300_000 }))).equals(bytes)).toBe(true);
    expect(ranges()).toEqual([undefined, 'bytes=100000-', 'bytes=150000-']);
  });

  test('a registry without ranges is read again from the beginning, and nothing is given twice', async () => {
    const { repository, server, ranges } = await withBlob({ ranges: false });
    server.inject({ method: 'GET', fault: { kind: 'drop-answer', after: 100_000 } });
    expect((await collect(repository.getBlob({ digest, size: 300_000 }))).equals(bytes)).toBe(true);
    expect(ranges()).toEqual([undefined, 'bytes=100000-']);
  });

  test('a body that ends properly but too early is noticed by the size that is known', async () => {
    const { repository, server, ranges } = await withBlob();
    server.inject({ method: 'GET', fault: { kind: 'cut-answer', after: 7 } });
    expect((await collect(repository.getBlob({ digest, size: 300_000 }))).equals(bytes)).toBe(true);
    expect(ranges()).toEqual([undefined, 'bytes=7-']);
  });

  test('a part that begins behind what is known is refused', async () => {
    const { repository, server } = await withBlob();
    server.inject({ method: 'GET', fault: { kind: 'drop-answer', after: 100_000 } });
    const headers = { 'content-range': 'bytes 100001-299999/300000' };
    server.inject({ method: 'GET', skip: 1, fault: { kind: 'status', status: 206, headers, body: 'x' } });
    await expect(collect(repository.getBlob({ digest, size: 300_000 }))).rejects.toMatchObject({
      code: 'REGISTRY_PROTOCOL_BROKEN',
    });
  });

  test('of a large part, the attempts are counted from the beginning', async () => {
    const { repository, server } = await start();
    const large = someBytes(10 << 20);
    server.store.blobs.set(`owner/name@${sha256(large)}`, large);
    server.inject({ method: 'GET', times: 8, fault: { kind: 'drop-answer', after: 1_200_000 } });
    const blob = { digest: sha256(large), size: large.byteLength };
    expect((await collect(repository.getBlob(blob))).equals(large)).toBe(true);
    expect(server.faults).toEqual({ 'drop-answer': 8 });
  });

  test('attempts are bounded', async () => {
    const { repository, server, ranges } = await withBlob();
    server.inject({ method: 'GET', times: 99, fault: { kind: 'drop-answer', after: 10 } });
    await expect(collect(repository.getBlob({ digest, size: 300_000 }))).rejects.toMatchObject({
      code: 'REGISTRY_UNREACHABLE',
      temporary: true,
    });
    expect(ranges()).toHaveLength(6);
  });
});

test('a wrong byte is found at the end, and the blob is not asked for again', async () => {
  const { repository, server, ranges } = await withBlob();
  server.inject({ method: 'GET', fault: { kind: 'corrupt-answer' } });
  await expect(collect(repository.getBlob({ digest, size: 300_000 }))).rejects.toMatchObject({
    code: 'REGISTRY_DIGEST_MISMATCH',
    temporary: false,
  });
  expect(ranges()).toHaveLength(1);
});

test('more bytes than the blob has are not taken', async () => {
  const { repository } = await withBlob();
  await expect(collect(repository.getBlob({ digest, size: 1000 }))).rejects.toMatchObject({
    code: 'REGISTRY_ANSWER_TOO_LARGE',
  });
});

describe('a blob that is served from elsewhere', () => {
  const lock = { kind: 'basic', username: 'me', password: 'hunter2' } as const;
  const credentials = async () => {
    const { Secret } = await import('./secret.ts');
    return { kind: 'basic', username: 'me', password: new Secret('hunter2') } as const;
  };

  test('is fetched there, resumed there, and nothing there sees who we are', async () => {
    const { server, ...client } = await start({ redirectBlobs: true, lock }, { credentials });
    server.store.blobs.set(`owner/name@${digest}`, bytes);
    server.inject({ path: /signature/, fault: { kind: 'drop-answer', after: 1000 } });
    expect((await collect(client.repository.getBlob({ digest, size: 300_000 }))).equals(bytes)).toBe(true);
    expect(server.storageRequests.map(({ headers }) => [headers.range, headers.authorization])).toEqual([
      [undefined, undefined],
      ['bytes=1000-', undefined],
    ]);
    expect(server.requests.at(-1)?.headers.authorization).toMatch(/^Basic /);
    expect(JSON.stringify(client.events)).not.toContain('very-secret');
  });
});
