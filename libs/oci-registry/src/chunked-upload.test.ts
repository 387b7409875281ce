import { describe, expect, test } from 'vitest';
import { someBytes, sourceOf, start } from './testing/harness.ts';
import { inChunks, large, methods, ranges, stale, startChunked, stored } from './testing/uploads.ts';

test('a large blob is sent in chunks that follow each other, and closed with its digest', async () => {
  const { repository, server } = await startChunked();
  await repository.uploadBlob(sourceOf(large));
  expect(stored(server, large)).toBe(true);
  expect(methods(server)).toBe('POST PATCH PATCH PATCH PATCH PUT');
  expect(ranges(server)).toEqual(['0-299999', '300000-599999', '600000-899999', '900000-999999']);
  expect(server.requests.at(-1)?.path).toContain(`digest=${encodeURIComponent(sourceOf(large).digest)}`);
});

test('chunks have at least the size that the registry asks for', async () => {
  const { repository, server } = await startChunked({ chunkMinLength: 400_000 });
  await repository.uploadBlob(sourceOf(large));
  expect(ranges(server)).toEqual(['0-399999', '400000-799999', '800000-999999']);
});

test('progress is reported in bytes', async () => {
  const { repository, events } = await startChunked();
  await repository.uploadBlob(sourceOf(large));
  const sent = events.flatMap((event) => (event.type === 'upload-progress' ? [event.sent] : []));
  expect(sent).toEqual([...sent].sort((a, b) => a - b));
  expect(sent.at(-1)).toBe(large.byteLength);
});

describe('a chunked upload goes on', () => {
  test('from what has arrived, after a drop in the middle of a chunk', async () => {
    const { repository, server } = await startChunked();
    server.inject({ method: 'PATCH', skip: 1, fault: { kind: 'drop-request', after: 100_000 } });
    const source = sourceOf(large);
    await repository.uploadBlob(source);
    expect(stored(server, large)).toBe(true);
    expect(methods(server)).toBe('POST PATCH PATCH GET PATCH PATCH PUT');
    expect(source.opened).toEqual([0, 300_000, 400_000, 700_000]);
  });

  test('after a chunk that arrived and whose answer did not', async () => {
    const { repository, server } = await startChunked();
    server.inject({ method: 'PATCH', skip: 1, fault: { kind: 'lose-answer' } });
    await repository.uploadBlob(sourceOf(large));
    expect(ranges(server)).toEqual(['0-299999', '300000-599999', '600000-899999', '900000-999999']);
  });

  test('after the registry stopped reading', async () => {
    const { repository, server } = await start({}, { ...inChunks, timeouts: { answer: 100 } });
    server.inject({ method: 'PATCH', skip: 1, fault: { kind: 'stall-request', after: 100_000 } });
    await repository.uploadBlob(sourceOf(large));
    expect(stored(server, large)).toBe(true);
    expect(methods(server)).toBe('POST PATCH PATCH GET PATCH PATCH PUT');
  });

  test('after a refusal that comes before the chunk has been read', async () => {
    const big = someBytes(8_000_000);
    const { repository, server } = await start({}, { ...inChunks, chunkSize: 4_000_000 });
    server.inject({ method: 'PATCH', times: 2, fault: { kind: 'status', status: 503 } });
    await repository.uploadBlob(sourceOf(big));
    expect(stored(server, big)).toBe(true);
  });

  test.each([500, 502, 503, 504, 429])('after %i', async (status) => {
    const { repository, server, clock } = await startChunked();
    server.inject({
      method: 'PATCH',
      skip: 2,
      fault: { kind: 'status', status, headers: { 'retry-after': '7' } },
    });
    await repository.uploadBlob(sourceOf(large));
    expect(stored(server, large)).toBe(true);
    expect(ranges(server)).toHaveLength(5);
    expect(clock.sleeps).toEqual([7125]);
  });

  test('after 416, from where the registry says', async () => {
    const { repository, server } = await startChunked();
    server.inject({ method: 'PATCH', skip: 1, fault: { kind: 'drop-request', after: 5000 } });
    // The first question for the state is answered too early, so that the next chunk is out of place.
    server.inject({
      method: 'GET',
      path: /uploads/,
      fault: stale('0-299999'),
    });
    await repository.uploadBlob(sourceOf(large));
    expect(stored(server, large)).toBe(true);
    expect(ranges(server).slice(0, 4)).toEqual([
      '0-299999',
      '300000-599999',
      '300000-599999',
      '305000-604999',
    ]);
  });

  test.each(['10-299999', '0-299999/1000000', 'none'])(
    'from the beginning, where the registry says it has a part that does not begin there: %s',
    async (range) => {
      const { repository, server } = await startChunked();
      server.inject({ method: 'PATCH', skip: 1, fault: { kind: 'drop-request', after: 5000 } });
      server.inject({ method: 'GET', path: /uploads/, fault: stale(range) });
      await repository.uploadBlob(sourceOf(large));
      expect(stored(server, large)).toBe(true);
      expect(ranges(server)[2]).toBe('0-299999');
    },
  );

  test('with a new token, when the old one expired between two chunks', async () => {
    const { repository, server } = await start({ lock: { kind: 'bearer' } }, inChunks);
    server.inject({ method: 'PATCH', skip: 2, fault: { kind: 'expire-tokens' } });
    await repository.uploadBlob(sourceOf(large));
    expect(stored(server, large)).toBe(true);
    expect(server.tokenRequests).toHaveLength(2);
    expect(methods(server)).not.toContain('DELETE');
  });
});

describe('a registry that does not follow the chunk protocol gets the blob whole', () => {
  test.each(['refused', 'stuck'] as const)('chunks %s', async (chunks) => {
    const { repository, server, clock } = await startChunked({ chunks });
    await repository.uploadBlob(sourceOf(large));
    expect(stored(server, large)).toBe(true);
    // There is nothing to wait for.
    expect(clock.sleeps).toEqual([]);
    const [first, again] = [ranges(server).length, someBytes(1_000_000, 2)];
    await repository.uploadBlob(sourceOf(again));
    expect(stored(server, again)).toBe(true);
    expect(ranges(server)).toHaveLength(first);
  });
});

describe('a registry that says it has what it cannot have', () => {
  test('more than the blob, after an interruption: the upload starts over', async () => {
    const { repository, server } = await startChunked();
    server.inject({ method: 'PATCH', skip: 1, fault: { kind: 'drop-request', after: 5000 } });
    server.inject({ method: 'GET', path: /uploads/, fault: stale('0-1000000') });
    await repository.uploadBlob(sourceOf(large));
    expect(stored(server, large)).toBe(true);
    expect(methods(server)).toBe('POST PATCH PATCH GET DELETE HEAD POST PATCH PATCH PATCH PATCH PUT');
  });

  test('more than was sent, after a chunk: the blob is sent whole', async () => {
    const { repository, server } = await startChunked();
    const headers = { range: '0-999999', location: '/v2/owner/name/blobs/uploads/x' };
    server.inject({ method: 'PATCH', fault: { kind: 'status', status: 202, headers } });
    await repository.uploadBlob(sourceOf(large));
    expect(stored(server, large)).toBe(true);
    expect(methods(server)).toBe('POST PATCH DELETE HEAD POST PUT');
  });

  test('always the same, however often it fails: the attempts are bounded', async () => {
    const { repository, server } = await startChunked();
    server.inject({ method: 'PATCH', skip: 1, times: 99, fault: { kind: 'status', status: 503 } });
    server.inject({ method: 'PUT', times: 99, fault: { kind: 'status', status: 503 } });
    await expect(repository.uploadBlob(sourceOf(large))).rejects.toMatchObject({
      code: 'REGISTRY_UNAVAILABLE',
    });
    expect(server.requests.filter(({ method }) => method === 'PATCH').length).toBeLessThan(20);
  });

  test('the place that it refuses: the blob is sent whole', async () => {
    const { repository, server } = await startChunked();
    server.inject({ method: 'PATCH', skip: 1, fault: { kind: 'status', status: 416 } });
    await repository.uploadBlob(sourceOf(large));
    expect(stored(server, large)).toBe(true);
    expect(methods(server)).toBe('POST PATCH PATCH GET DELETE HEAD POST PUT');
  });

  test('another place after each refusal, without end: the blob is sent whole', async () => {
    const { repository, server } = await startChunked();
    server.inject({ method: 'PATCH', times: 99, fault: { kind: 'status', status: 416 } });
    for (let times = 0; times < 9; times++)
      server.inject({ method: 'GET', path: /uploads/, skip: times, fault: stale(`0-${100 + times}`) });
    await repository.uploadBlob(sourceOf(large));
    expect(stored(server, large)).toBe(true);
    expect(server.requests.filter(({ method }) => method === 'PATCH')).toHaveLength(6);
  });
});
