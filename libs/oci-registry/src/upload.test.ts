import { setTimeout as after } from 'node:timers/promises';
import { request } from 'undici';
import { describe, expect, onTestFinished, test } from 'vitest';
import { RegistryError } from './errors.ts';
import { Secret } from './secret.ts';
import { SessionEnded } from './session-ended.ts';
import { someBytes, sourceOf, start } from './testing/harness.ts';
import { startRegistryServer } from './testing/registry-server.ts';
import { large, methods, ranges, small, stale, startChunked, stored } from './testing/uploads.ts';

test('a small blob is sent in one request', async () => {
  const { repository, server } = await start();
  await repository.uploadBlob(sourceOf(small));
  expect(stored(server, small)).toBe(true);
  expect(methods(server)).toBe('POST PUT');
  expect(server.requests[0]?.headers['content-length']).toBe('0');
  expect(server.requests[1]?.headers).toMatchObject({
    'content-length': '1000',
    'content-type': 'application/octet-stream',
  });
  expect(server.requests[1]?.headers['content-range']).toBeUndefined();
});

test('so is one of exactly as many bytes as one request may have', async () => {
  const { repository, server } = await start({}, { monolithicLimit: 1000, chunkSize: 500 });
  await repository.uploadBlob(sourceOf(small));
  await repository.uploadBlob(sourceOf(someBytes(1001)));
  expect(methods(server)).toBe('POST PUT POST PATCH PATCH PATCH PUT');
});

test('a blob whose digest is none is not sent', async () => {
  const { repository, server } = await start();
  const source = { ...sourceOf(small), digest: 'sha256:abc' };
  await expect(repository.uploadBlob(source)).rejects.toMatchObject({ code: 'REFERENCE_INVALID' });
  expect(server.requests).toEqual([]);
});

test('so is an empty one', async () => {
  const { repository, server } = await start();
  await repository.uploadBlob(sourceOf(Buffer.alloc(0)));
  expect(stored(server, Buffer.alloc(0))).toBe(true);
});

test('a source may give each piece in the same memory, also to a registry that is slow to read', async () => {
  const { repository, server } = await start();
  const bytes = someBytes(8 << 20);
  const piece = Buffer.alloc(256 << 10);
  const open = async function* (offset: number) {
    for (let at = offset; at < bytes.length; at += piece.length)
      yield piece.subarray(0, bytes.copy(piece, 0, at));
  };
  server.inject({ method: 'PUT', fault: { kind: 'slow', ms: 200 } });
  await repository.uploadBlob({ ...sourceOf(bytes), open });
  expect(stored(server, bytes)).toBe(true);
});

test('an upload that goes too slowly is ended, however often a byte goes', async () => {
  const { repository } = await start({}, { timeouts: { total: 50 } });
  const open = async function* () {
    for (let at = 0; ; at++) {
      await after(5);
      yield small.subarray(at, at + 1);
    }
  };
  await expect(repository.uploadBlob({ ...sourceOf(small), open })).rejects.toMatchObject({
    code: 'REGISTRY_TOO_SLOW',
  });
});

describe('an upload starts over', () => {
  test('when its session has vanished, once it is sure the blob is not there', async () => {
    const { repository, server, events } = await startChunked();
    server.inject({ method: 'PATCH', skip: 2, fault: { kind: 'forget-uploads' } });
    await repository.uploadBlob(sourceOf(large));
    expect(stored(server, large)).toBe(true);
    expect(methods(server)).toBe('POST PATCH PATCH PATCH DELETE HEAD POST PATCH PATCH PATCH PATCH PUT');
    expect(events).toContainEqual(
      expect.objectContaining({ type: 'retry', reason: expect.stringContaining('session ended') }),
    );
  });

  test('when an interruption has left bytes twice, which the next Range brings to light', async () => {
    const { repository, server } = await startChunked({ chunkOrder: false });
    server.inject({ method: 'PATCH', skip: 1, fault: { kind: 'lose-answer' } });
    server.inject({ method: 'GET', path: /uploads/, fault: stale('0-299999') });
    await repository.uploadBlob(sourceOf(large));
    expect(stored(server, large)).toBe(true);
    expect(methods(server)).toBe('POST PATCH PATCH GET PATCH DELETE HEAD POST PATCH PATCH PATCH PATCH PUT');
  });

  test('or the digest at its end', async () => {
    const { repository, server } = await startChunked();
    server.inject({ method: 'PUT', fault: { kind: 'status', status: 503 } });
    server.inject({ method: 'PUT', skip: 1, fault: { kind: 'status', status: 400 } });
    await repository.uploadBlob(sourceOf(large));
    expect(stored(server, large)).toBe(true);
    expect(methods(server)).toBe(
      'POST PATCH PATCH PATCH PATCH PUT GET PUT DELETE HEAD POST PATCH PATCH PATCH PATCH PUT',
    );
  });

  test('when the registry cannot say whether it has no byte or one', async () => {
    const { repository, server } = await startChunked();
    server.inject({ method: 'PATCH', fault: { kind: 'status', status: 502 } });
    await repository.uploadBlob(sourceOf(large));
    expect(stored(server, large)).toBe(true);
    expect(methods(server)).toBe('POST PATCH GET DELETE HEAD POST PATCH PATCH PATCH PATCH PUT');
  });

  test('when a blob sent in one request did not arrive', async () => {
    const { repository, server } = await start();
    server.inject({ method: 'PUT', fault: { kind: 'drop-request', after: 10 } });
    await repository.uploadBlob(sourceOf(small));
    expect(stored(server, small)).toBe(true);
  });

  test('but not when only the answer was lost: what is there is not sent twice', async () => {
    const { repository, server } = await startChunked();
    server.inject({ method: 'PUT', fault: { kind: 'lose-answer' } });
    await repository.uploadBlob(sourceOf(large));
    expect(methods(server)).toBe('POST PATCH PATCH PATCH PATCH PUT GET DELETE HEAD');
  });

  test('in one request, when chunked sessions vanish again and again', async () => {
    const { repository, server } = await startChunked({ chunks: 'lost' });
    await repository.uploadBlob(sourceOf(large));
    expect(stored(server, large)).toBe(true);
    expect(ranges(server)).toHaveLength(2);
  });

  test('when the session of a blob in one request has vanished', async () => {
    const { repository, server, clock } = await start();
    server.inject({ method: 'PUT', fault: { kind: 'forget-uploads' } });
    await repository.uploadBlob(sourceOf(small));
    expect(stored(server, small)).toBe(true);
    expect(methods(server)).toBe('POST PUT DELETE HEAD POST PUT');
    expect(clock.sleeps).toHaveLength(1);
  });

  test('and not for ever', async () => {
    const { repository, server } = await startChunked();
    server.inject({ method: 'PUT', times: 99, fault: { kind: 'status', status: 503 } });
    await expect(repository.uploadBlob(sourceOf(small))).rejects.toMatchObject({
      code: 'REGISTRY_UNAVAILABLE',
    });
    expect(server.faults).toEqual({ status: 6 });
  });
});

describe('an upload ends with an error, and the registry is asked to forget it', () => {
  test.each([200, 202])('when its end is answered with %i: only 201 and 204 mean stored', async (status) => {
    for (const blob of [small, large]) {
      const { repository, server } = await startChunked();
      server.inject({ method: 'PUT', times: 9, fault: { kind: 'status', status } });
      await expect(repository.uploadBlob(sourceOf(blob))).rejects.toMatchObject({
        code: 'REGISTRY_PROTOCOL_BROKEN',
        status,
      });
      expect(stored(server, blob)).toBe(false);
    }
  });

  test('when the registry finds another digest', async () => {
    const { repository, server } = await startChunked();
    const source = { ...sourceOf(large), digest: sourceOf(small).digest };
    await expect(repository.uploadBlob(source)).rejects.toMatchObject({
      code: 'REGISTRY_REFUSED',
      status: 400,
      details: [{ code: 'DIGEST_INVALID', message: 'provided digest did not match uploaded content' }],
    });
    expect(methods(server)).toBe('POST PATCH PATCH PATCH PATCH PUT DELETE');
  });

  test.each([
    ['a blob in one request', small, 'POST PUT DELETE'],
    ['one in chunks', large, 'POST PATCH PATCH PATCH PATCH PUT DELETE'],
  ])('when its end is refused for good: %s', async (_, blob, expected) => {
    const { repository, server, clock } = await startChunked();
    server.inject({ method: 'PUT', fault: { kind: 'status', status: 400 } });
    await expect(repository.uploadBlob(sourceOf(blob))).rejects.toMatchObject({ status: 400 });
    expect([methods(server), clock.sleeps]).toEqual([expected, []]);
  });

  test.each([
    ['is refused', 403, 1, { status: 403 }],
    ['fails for now, again and again', 503, 99, { code: 'REGISTRY_UNAVAILABLE' }],
  ])('when the question of how much has arrived %s', async (_, status, times, expected) => {
    const { repository, server } = await startChunked();
    server.inject({ method: 'PATCH', skip: 1, fault: { kind: 'status', status: 502 } });
    server.inject({ method: 'GET', path: /uploads/, times, fault: { kind: 'status', status } });
    await expect(repository.uploadBlob(sourceOf(large))).rejects.toMatchObject(expected);
    expect(methods(server)).toMatch(/^POST PATCH PATCH (GET )+DELETE$/);
  });

  test('when it is begun without a word about where it goes on', async () => {
    const { repository, server } = await start();
    server.inject({ method: 'POST', fault: { kind: 'status', status: 202 } });
    await expect(repository.uploadBlob(sourceOf(small))).rejects.toMatchObject({
      code: 'REGISTRY_PROTOCOL_BROKEN',
      message: expect.stringContaining('does not say where the upload goes on'),
    });
    expect(methods(server)).toBe('POST');
  });

  test('when the source is shorter than it claims', async () => {
    const { repository, server } = await start();
    await expect(repository.uploadBlob({ ...sourceOf(small), size: 1001 })).rejects.toThrow(
      'ends 1 bytes before its size',
    );
    expect(server.store.uploads.size).toBe(0);
  });

  test('when the source cannot be read', async () => {
    const { repository } = await startChunked();
    const open = async function* () {
      yield small;
      throw new Error('the disk failed');
    };
    const failed = repository.uploadBlob({ ...sourceOf(large), open });
    await expect(failed).rejects.toMatchObject({
      code: 'UPLOAD_SOURCE_WRONG',
      cause: { message: 'the disk failed' },
    });
  });

  test.each([401, 403])('when it is refused with %i in the middle', async (status) => {
    const { repository, server } = await startChunked();
    server.inject({ method: 'PATCH', skip: 1, fault: { kind: 'status', status } });
    await expect(repository.uploadBlob(sourceOf(large))).rejects.toMatchObject({ status });
    expect(methods(server)).toBe('POST PATCH PATCH DELETE');
  });
});

test('an upload that the registry wants elsewhere carries no password there', async () => {
  const elsewhere = await startRegistryServer();
  onTestFinished(() => elsewhere.close());
  const begun = await request(`http://${elsewhere.name}/v2/owner/name/blobs/uploads/`, { method: 'POST' });
  const location = `http://${elsewhere.name}${begun.headers.location}`;
  const lock = { kind: 'basic', username: 'me', password: 'hunter2' } as const;
  const credentials = async () =>
    ({ kind: 'basic', username: 'me', password: new Secret('hunter2') }) as const;
  const { repository, server } = await start({ lock }, { credentials });
  server.inject({ method: 'POST', skip: 1, fault: { kind: 'status', status: 202, headers: { location } } });
  await repository.uploadBlob(sourceOf(small));
  expect(stored(elsewhere, small)).toBe(true);
  expect(server.requests.at(-1)?.headers.authorization).toMatch(/^Basic /);
  expect(elsewhere.requests.map(({ headers }) => headers.authorization)).toEqual([undefined, undefined]);
});

describe('mounting', () => {
  const { digest } = sourceOf(small);

  test('takes a blob over without sending it', async () => {
    const { repository, server, events } = await start();
    server.store.blobs.set(`other/place@${digest}`, small);
    expect(await repository.mountBlob(digest, 'other/place')).toEqual({ mounted: true });
    expect(stored(server, small)).toBe(true);
    expect(methods(server)).toBe('POST HEAD');
    expect(events).toContainEqual({
      type: 'mount',
      repository: 'owner/name',
      digest,
      from: 'other/place',
      hit: true,
    });
  });

  test('that misses leaves a session, in which the blob is sent', async () => {
    const { repository, server, events } = await start();
    const result = await repository.mountBlob(digest, 'other/place');
    await repository.uploadBlob(sourceOf(small), result.mounted ? undefined : result.session);
    expect(stored(server, small)).toBe(true);
    expect(methods(server)).toBe('POST PUT');
    expect(events).toContainEqual(expect.objectContaining({ type: 'mount', hit: false }));
  });

  test('that is answered 201 and left undone is a miss, after which the blob is sent', async () => {
    const { repository, server, events } = await start();
    server.inject({ method: 'POST', fault: { kind: 'status', status: 201 } });
    const result = await repository.mountBlob(digest, 'other/place');
    expect(result).toEqual({ mounted: false, session: undefined });
    expect(events).toContainEqual(expect.objectContaining({ type: 'mount', hit: false }));
    await repository.uploadBlob(sourceOf(small));
    expect(stored(server, small)).toBe(true);
  });

  test('that fails for now is asked for again, and is an error at last', async () => {
    const { repository, server } = await start();
    server.store.blobs.set(`other/place@${digest}`, small);
    server.inject({ method: 'POST', times: 2, fault: { kind: 'status', status: 503 } });
    expect(await repository.mountBlob(digest, 'other/place')).toEqual({ mounted: true });
    server.inject({ method: 'POST', times: 99, fault: { kind: 'status', status: 503 } });
    await expect(repository.mountBlob(digest, 'other/place')).rejects.toMatchObject({
      code: 'REGISTRY_UNAVAILABLE',
    });
  });

  test('that is forbidden is a miss without a session', async () => {
    const { repository } = await start({ mounts: 'denied' });
    expect(await repository.mountBlob(digest, 'other/place')).toEqual({ mounted: false, session: undefined });
  });

  test('asks for a token for both repositories', async () => {
    const { repository, server } = await start({ lock: { kind: 'bearer' } });
    await repository.mountBlob(digest, 'other/place');
    expect(server.tokenRequests.map(({ scopes }) => scopes)).toEqual([
      ['repository:owner/name:pull,push', 'repository:other/place:pull'],
    ]);
  });
});

describe('whether one may push', () => {
  test('is tried by an upload that is begun and cancelled', async () => {
    const { repository, server } = await start();
    await repository.tryPush();
    expect(methods(server)).toBe('POST DELETE');
    expect(server.store.uploads.size).toBe(0);
  });

  test('is refused by the registry', async () => {
    const { repository, server } = await start();
    server.inject({ method: 'POST', fault: { kind: 'status', status: 403 } });
    await expect(repository.tryPush()).rejects.toMatchObject({ code: 'REGISTRY_DENIED' });
    expect(methods(server)).toBe('POST');
  });
});

test('a bad line that drops in every chunk is no reason to give up: each chunk is progress', async () => {
  const { repository, server } = await startChunked();
  // Twice in each chunk behind the first.
  for (const skip of [1, 4, 7])
    server.inject({ method: 'PATCH', skip, times: 2, fault: { kind: 'status', status: 502 } });
  await repository.uploadBlob(sourceOf(large));
  expect(stored(server, large)).toBe(true);
  expect(server.faults).toEqual({ status: 6 });
});

test('a session that ended gives its status, where it has one', () => {
  const request = { method: 'PATCH', address: 'https://r.example/x', temporary: false };
  const lost = new RegistryError('REGISTRY_NOT_FOUND', 'gone', { ...request, status: 404 });
  expect(new SessionEnded(lost).reason).toMatchObject({ status: 404, temporary: true, cause: lost });
  const unclear = new RegistryError('REGISTRY_PROTOCOL_BROKEN', 'unclear', request);
  expect(new SessionEnded(unclear).reason.status).toBeUndefined();
});

test('several at once keep to the limit of connections', async () => {
  const { repository, server } = await start({}, { connections: 2 });
  server.inject({ method: 'PUT', times: 99, fault: { kind: 'slow', ms: 20 } });
  const blobs = Array.from({ length: 8 }, (_, seed) => someBytes(5000, seed + 1));
  await Promise.all(blobs.map((blob) => repository.uploadBlob(sourceOf(blob))));
  expect(blobs.every((blob) => stored(server, blob))).toBe(true);
  expect(server.mostAtOnce).toBe(2);
});
