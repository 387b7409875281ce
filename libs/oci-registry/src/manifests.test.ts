import { describe, expect, test } from 'vitest';
import { connect, start } from './testing/harness.ts';
import { startTcp } from './testing/other-host.ts';
import { sha256 } from './testing/store.ts';

const TYPE = 'application/vnd.oci.image.manifest.v1+json';
const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: TYPE, config: {}, layers: [] }));
const manifest = { mediaType: TYPE, bytes };
const digest = sha256(bytes);
const descriptor = { mediaType: TYPE, digest, size: bytes.byteLength };

test('a manifest is stored under a tag and read back by tag and by digest', async () => {
  const { repository } = await start();
  expect(await repository.putManifest('1.0', manifest)).toEqual(descriptor);
  expect(await repository.headManifest('1.0')).toEqual(descriptor);
  expect(await repository.getManifest('1.0')).toEqual({ ...descriptor, bytes });
  expect(await repository.getManifest(digest)).toEqual({ ...descriptor, bytes });
});

test('or under its digest alone', async () => {
  const { repository } = await start();
  await repository.putManifest(digest, manifest);
  expect(await repository.listTags()).toEqual([]);
  expect(await repository.headManifest(digest)).toEqual(descriptor);
});

test('what is not there is undefined by HEAD and an error by GET, after one request each', async () => {
  const { repository, server } = await start();
  expect(await repository.headManifest('none')).toBeUndefined();
  await expect(repository.getManifest('none')).rejects.toMatchObject({
    code: 'REGISTRY_NOT_FOUND',
    status: 404,
    temporary: false,
    details: [{ code: 'MANIFEST_UNKNOWN' }],
    address: `http://${server.name}/v2/owner/name/manifests/none`,
  });
  expect(server.requests).toHaveLength(2);
});

test('a request says which types can be read, and the type a manifest has', async () => {
  const { repository, server } = await start();
  await repository.putManifest('x', manifest);
  await repository.getManifest('x');
  expect(server.requests[0]?.headers['content-type']).toBe(TYPE);
  expect(server.requests[1]?.headers.accept?.toString().split(', ')).toEqual([
    'application/vnd.oci.image.index.v1+json',
    TYPE,
    'application/vnd.docker.distribution.manifest.list.v2+json',
    'application/vnd.docker.distribution.manifest.v2+json',
  ]);
});

test.each([`${TYPE}; charset=utf-8`, `${TYPE} ;charset=utf-8`, TYPE.toUpperCase()])(
  'a type is read without its parameters, in lower case: %s',
  async (mediaType) => {
    const { repository, server } = await start();
    server.store.manifests.set(`owner/name@${digest}`, { mediaType, bytes });
    expect(await repository.getManifest(digest)).toMatchObject({ mediaType: TYPE });
    expect(await repository.headManifest(digest)).toMatchObject({ mediaType: TYPE });
  },
);

test('a digest of another algorithm that the registry names is not compared', async () => {
  const { repository, server } = await start();
  const headers = { 'content-type': TYPE, 'docker-content-digest': `sha512:${'0'.repeat(128)}` };
  server.inject({ method: 'GET', fault: { kind: 'status', status: 200, headers, body: `${bytes}` } });
  expect(await repository.getManifest(digest)).toMatchObject({ digest });
});

test('a token for a manifest is asked for with the right that it needs', async () => {
  const { registry, server } = await start({ lock: { kind: 'bearer' } });
  await registry.repository('a').headManifest('x');
  await registry.repository('b').putManifest('x', manifest);
  expect(server.tokenRequests.map(({ scopes }) => scopes)).toEqual([
    ['repository:a:pull'],
    ['repository:b:pull,push'],
  ]);
});

test.each(['null', '7', '"text"', '[]', 'no JSON', '{}'])(
  'what names no type of its own is sent as what it is called: %s',
  async (text) => {
    const { repository, server } = await start();
    server.inject({ method: 'PUT', fault: { kind: 'status', status: 201 } });
    const odd = Buffer.from(text);
    expect(await repository.putManifest('x', { mediaType: TYPE, bytes: odd })).toEqual({
      mediaType: TYPE,
      digest: sha256(odd),
      size: odd.byteLength,
    });
  },
);

test('a registry that leaves the digest out is asked for the content', async () => {
  const { repository } = await start({ digestHeader: false });
  await repository.putManifest('x', manifest);
  expect(await repository.headManifest('x')).toEqual(descriptor);
});

describe('content that is not what it must be is refused, and not asked for again', () => {
  test.each([
    ['a body with another digest', 'corrupt-answer', digest],
    ['a body that its own header denies', 'corrupt-answer', 'x'],
    ['a header with another digest', 'wrong-digest-header', digest],
  ] as const)('%s', async (_, kind, reference) => {
    const { repository, server } = await start();
    await repository.putManifest('x', manifest);
    server.inject({ method: 'GET', fault: { kind } });
    await expect(repository.getManifest(reference)).rejects.toMatchObject({
      code: 'REGISTRY_DIGEST_MISMATCH',
      method: 'GET',
      address: `http://${server.name}/v2/owner/name/manifests/${reference}`,
    });
    expect(server.requests.filter(({ method }) => method === 'GET')).toHaveLength(1);
  });

  test('a body with another digest, when no header names one', async () => {
    const { repository, server } = await start({ digestHeader: false });
    await repository.putManifest('x', manifest);
    server.inject({ method: 'GET', fault: { kind: 'corrupt-answer' } });
    await expect(repository.getManifest(digest)).rejects.toMatchObject({ code: 'REGISTRY_DIGEST_MISMATCH' });
  });

  test('the digest a registry says it has stored', async () => {
    const { repository, server } = await start();
    server.inject({ method: 'PUT', fault: { kind: 'wrong-digest-header' } });
    await expect(repository.putManifest('x', manifest)).rejects.toMatchObject({
      code: 'REGISTRY_DIGEST_MISMATCH',
    });
    expect(server.requests).toHaveLength(1);
  });

  test('the digest it says a digest has', async () => {
    const { repository, server } = await start();
    await repository.putManifest('x', manifest);
    server.inject({ method: 'HEAD', fault: { kind: 'wrong-digest-header' } });
    await expect(repository.headManifest(digest)).rejects.toMatchObject({ code: 'REGISTRY_DIGEST_MISMATCH' });
  });

  test('more bytes than a manifest may have', async () => {
    const { repository } = await start();
    await repository.putManifest('x', manifest);
    for (const limit of [20, bytes.length - 1])
      await expect(repository.getManifest('x', limit)).rejects.toMatchObject({
        code: 'REGISTRY_ANSWER_TOO_LARGE',
      });
    expect(await repository.getManifest('x', bytes.length)).toMatchObject({ digest });
  });

  test('more bytes than any manifest has, where no limit is named', async () => {
    const { repository, server } = await start();
    const answer = (size: number) => {
      const body = `{}${' '.repeat(size - 2)}`;
      const headers = { 'content-type': TYPE };
      server.inject({ method: 'GET', fault: { kind: 'status', status: 200, headers, body } });
    };
    answer(4 << 20);
    expect(await repository.getManifest('x')).toMatchObject({ size: 4 << 20 });
    answer((4 << 20) + 1);
    await expect(repository.getManifest('x')).rejects.toMatchObject({ code: 'REGISTRY_ANSWER_TOO_LARGE' });
  });

  test('no type at all', async () => {
    const { repository, server } = await start();
    server.inject({ method: 'GET', fault: { kind: 'status', status: 200, body: bytes.toString() } });
    await expect(repository.getManifest('x')).rejects.toMatchObject({
      code: 'REGISTRY_PROTOCOL_BROKEN',
      message: expect.stringContaining('answers without a Content-Type'),
    });
  });

  test('a type that the manifest itself does not name', async () => {
    const { repository, server } = await start();
    server.store.manifests.set(`owner/name@${digest}`, { mediaType: 'application/json', bytes });
    await expect(repository.getManifest(digest)).rejects.toMatchObject({ code: 'MANIFEST_TYPE_MISMATCH' });
  });
});

test('a manifest is not sent under a digest or type that is not its own', async () => {
  const { repository, server } = await start();
  await expect(repository.putManifest(sha256(Buffer.from('')), manifest)).rejects.toThrow(
    `has digest ${digest}`,
  );
  await expect(repository.putManifest('x', { ...manifest, mediaType: 'text/plain' })).rejects.toThrow(
    'its own mediaType is',
  );
  await expect(repository.putManifest('not a tag', manifest)).rejects.toThrow('not a tag');
  expect(server.requests).toHaveLength(0);
});

test('an answer cut by a drop is asked for again', async () => {
  const { repository, server } = await start();
  await repository.putManifest('x', manifest);
  server.inject({ method: 'GET', times: 2, fault: { kind: 'drop-answer', after: 10 } });
  expect((await repository.getManifest('x')).digest).toBe(digest);
  expect(server.faults).toEqual({ 'drop-answer': 2 });
});

describe('only 201 means stored', () => {
  test.each([200, 202])('after %i the registry is asked whether it has the manifest', async (status) => {
    const { repository, server } = await start();
    server.inject({ method: 'PUT', fault: { kind: 'status', status } });
    await expect(repository.putManifest('x', manifest)).rejects.toMatchObject({
      code: 'REGISTRY_PROTOCOL_BROKEN',
      message: expect.stringContaining('does not have it'),
    });
    server.store.manifests.set(`owner/name@${digest}`, { mediaType: TYPE, bytes });
    server.store.tags.set('owner/name:x', digest);
    server.inject({ method: 'PUT', fault: { kind: 'status', status } });
    expect(await repository.putManifest('x', manifest)).toEqual(descriptor);
  });

  test('nor is it stored when the tag still names another manifest', async () => {
    const { repository, server } = await start();
    await repository.putManifest('x', manifest);
    server.inject({ method: 'PUT', fault: { kind: 'status', status: 202 } });
    const other = Buffer.from(JSON.stringify({ mediaType: TYPE, other: true }));
    await expect(repository.putManifest('x', { mediaType: TYPE, bytes: other })).rejects.toMatchObject({
      code: 'REGISTRY_PROTOCOL_BROKEN',
    });
  });
});

describe('HEAD, which is not counted as a pull', () => {
  const methods = (requests: readonly { method: string }[]) => requests.map(({ method }) => method).join(' ');

  test('is enough where the registry reports the digest, whatever else it leaves out', async () => {
    const { repository, server } = await start();
    const headers = { 'docker-content-digest': digest };
    server.inject({ method: 'HEAD', fault: { kind: 'status', status: 200, headers } });
    expect(await repository.headManifest('x')).toMatchObject({ digest });
    expect(methods(server.requests)).toBe('HEAD');
  });

  test.each([{}, { 'docker-content-digest': '' }, { 'docker-content-digest': `sha512:${'0'.repeat(128)}` }])(
    'is followed by one GET where it does not: %j',
    async (headers) => {
      const { repository, server } = await start({ digestHeader: false });
      await repository.putManifest('x', manifest);
      server.inject({ method: 'HEAD', fault: { kind: 'status', status: 200, headers } });
      expect(await repository.headManifest('x')).toEqual(descriptor);
      expect(methods(server.requests)).toBe('PUT HEAD GET');
    },
  );

  test.each([
    ['999999999999999', 999_999_999_999_999],
    ['9999999999999999', undefined],
  ])('gives the size that it names, unless that is no safe number: %s', async (length, size) => {
    const name = await startTcp((socket) => {
      const answer = `HTTP/1.1 200 OK\r\ndocker-content-digest: ${digest}\r\ncontent-length: ${length}\r\n\r\n`;
      socket.once('data', () => socket.write(answer));
    });
    const { repository } = connect(name, { plainHttp: true });
    expect(await repository.headManifest('x')).toEqual({ digest, size, mediaType: undefined });
  });

  test('a tag that moves is seen the next time it is asked for', async () => {
    const { repository, server } = await start();
    await repository.putManifest('x', manifest);
    expect((await repository.headManifest('x'))?.digest).toBe(digest);
    server.store.tags.delete('owner/name:x');
    expect(await repository.headManifest('x')).toBeUndefined();
  });
});

test('a registry that is asked too often is waited for, and the event says how long', async () => {
  const { repository, server, clock, events } = await start();
  await repository.putManifest('x', manifest);
  const headers = { 'retry-after': '600' };
  server.inject({ method: 'HEAD', fault: { kind: 'status', status: 429, headers } });
  expect(await repository.headManifest('x')).toEqual(descriptor);
  expect(clock.sleeps).toEqual([600_125]);
  expect(events).toContainEqual(
    expect.objectContaining({ type: 'retry', attempt: 2, delayMs: 600_125, retryAfterMs: 600_000 }),
  );
});

test('a PUT whose answer is lost is sent again', async () => {
  const { repository, server } = await start();
  server.inject({ method: 'PUT', fault: { kind: 'lose-answer' } });
  expect(await repository.putManifest('x', manifest)).toEqual(descriptor);
  expect(server.requests.map(({ method }) => method)).toEqual(['PUT', 'PUT']);
});
