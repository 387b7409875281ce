import { createHash, randomBytes } from 'node:crypto';
import { access, mkdir, readFile, writeFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { defaultRetryPolicy } from '@qemu-user-static/http';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { type ArchiveEvent, fetchFile, openHttp } from './index.ts';
import { body, type FetchSetup, file, PATH, prepareFetch, refusal, sha256 } from './testing/fetching.ts';
import {
  answers,
  drips,
  dropsAfter,
  endsAfter,
  type Fault,
  hangs,
  ignoresRange,
  sendsInstead,
  serve,
  serveWell,
  stallsAfter,
} from './testing/server.ts';

let setup: FetchSetup;

beforeEach(async () => {
  setup = await prepareFetch();
});

describe('a download that fails on the way', () => {
  test('continues where the connection dropped', async () => {
    setup.faults(setup.dropsAfter(100_000), setup.dropsAfter(50_000));
    await setup.expectFetched();
    expect(setup.mirror.requests).toEqual([
      `GET ${PATH}`,
      `GET ${PATH} bytes=100000-`,
      `GET ${PATH} bytes=150000-`,
    ]);
    expect(setup.happened()).toEqual([
      'fetch-start',
      'fetch-retry',
      'fetch-start',
      'fetch-retry',
      'fetch-start',
      'fetch-done',
    ]);
    expect(setup.events.find(({ type }) => type === 'fetch-retry')).toMatchObject({
      error: { code: 'CONNECTION_DROPPED' },
    });
  });

  test('continues where a body ended early', async () => {
    setup.faults(endsAfter(1234));
    await setup.expectFetched();
    expect(setup.mirror.requests).toEqual([`GET ${PATH}`, `GET ${PATH} bytes=1234-`]);
  });

  test('begins again if the server ignores Range', async () => {
    setup.faults(setup.dropsAfter(100_000), ignoresRange);
    await setup.expectFetched();
    expect(setup.mirror.requests).toEqual([`GET ${PATH}`, `GET ${PATH} bytes=100000-`]);
  });

  test('begins again if the server sends another part than asked for', async () => {
    setup.faults(setup.dropsAfter(100_000), (answer, whole) => {
      answer.writeHead(206, { 'content-range': `bytes 5-${whole.length - 1}/${whole.length}` });
      answer.end(whole.subarray(5));
    });
    await setup.expectFetched();
    expect(setup.mirror.requests.at(-1)).toBe(`GET ${PATH}`);
    // The body is not read at all.
    expect(setup.happened()).toEqual([
      'fetch-start',
      'fetch-retry',
      'fetch-retry',
      'fetch-start',
      'fetch-done',
    ]);
  });

  const otherPart = 'sends another part than asked for';
  test.each([
    ['', otherPart],
    ['x bytes 100000-299999/300000', otherPart],
    ['bytes 100000-299999/300000 x', otherPart],
    ['bytes 100000-299999/*', otherPart],
    ['bytes 100000-299999/300001', 'has 300001 bytes, not 300000'],
  ])('begins again if the server says of its part: "%s"', async (range, message) => {
    setup.faults(setup.dropsAfter(100_000), (answer, whole) => {
      answer.writeHead(206, { 'content-range': range }).end(whole.subarray(100_000));
    });
    await setup.expectFetched();
    expect(setup.mirror.requests.at(-1)).toBe(`GET ${PATH}`);
    const errors = setup.events.flatMap((event) => (event.type === 'fetch-retry' ? event.error.message : []));
    expect(errors.at(-1)).toContain(message);
  });

  test('is tried again after the server failed, and after the pause it asks for', async () => {
    setup.faults(answers(503), answers(429, { 'retry-after': '1' }));
    await setup.expectFetched();
    const retries = setup.events.filter(({ type }) => type === 'fetch-retry');
    expect(retries).toMatchObject([
      { error: { code: 'HTTP_FAILED', status: 503 } },
      { error: { code: 'HTTP_FAILED', status: 429 }, delay: expect.closeTo(1000, -2) },
    ]);
  });

  test('is tried again at the usual time if the server names a date, or asks for weeks', async () => {
    setup.faults(
      answers(503, { 'retry-after': 'Wed, 21 Oct 2099 07:28:00 GMT' }),
      answers(503, { 'retry-after': '9999999' }),
    );
    await setup.expectFetched();
    expect(setup.mirror.requests).toHaveLength(3);
  });

  test('is tried again after the server fell silent', async () => {
    setup.faults(hangs, stallsAfter(5000));
    await setup.expectFetched(setup.impatient());
    expect(setup.mirror.requests).toEqual([`GET ${PATH}`, `GET ${PATH}`, `GET ${PATH} bytes=5000-`]);
  });

  test('is not given up for drops as long as it gets on', async () => {
    const large = randomBytes(8 << 20);
    setup.mirror.files.set('debian/large', large);
    setup.mirror.faults.set('debian/large', Array(6).fill(dropsAfter(1 << 20)));
    const digest = createHash('sha256').update(large).digest('hex');
    const path = await fetchFile(
      { ...file, path: 'large', size: large.length, sha256: digest },
      setup.context,
    );
    expect(large.equals(await readFile(path))).toBe(true);
    expect(setup.mirror.requests).toHaveLength(7);
  });

  test('is given up after too many drops, and continues from there in the next run', async () => {
    setup.faults(setup.dropsAfter(10_000), setup.dropsAfter(10_000), setup.dropsAfter(10_000));
    expect(await refusal(fetchFile(file, setup.context))).toBe('CONNECTION_DROPPED');
    expect(await setup.partials()).toEqual([sha256]);
    await setup.expectFetched();
    expect(setup.mirror.requests.at(-1)).toBe(`GET ${PATH} bytes=30000-`);
  });

  test('asks once more for a wrong body, from the start and past caches', async () => {
    setup.faults(setup.dropsAfter(100_000), (answer, whole, request) => {
      serveWell(answer, Buffer.from(whole).fill(0, 200_000, 200_001), request);
    });
    await setup.expectFetched();
    expect(setup.mirror.requests.at(-1)).toBe(`GET ${PATH}`);
    expect(setup.mirror.seen.at(-1)?.headers['cache-control']).toBe('no-cache');
  });

  test('is begun again if what an earlier run left is wrong', async () => {
    await mkdir(join(setup.context.cache, 'partial'));
    await writeFile(join(setup.context.cache, 'partial', sha256), randomBytes(500));
    await setup.expectFetched();
    expect(setup.mirror.requests).toEqual([`GET ${PATH} bytes=500-`, `GET ${PATH}`]);
  });

  test('is begun again if the server has nothing behind what an earlier run left', async () => {
    await mkdir(join(setup.context.cache, 'partial'));
    await writeFile(join(setup.context.cache, 'partial', sha256), randomBytes(500));
    setup.faults(answers(416));
    await setup.expectFetched();
    expect(setup.mirror.requests).toEqual([`GET ${PATH} bytes=500-`, `GET ${PATH}`]);
    expect(setup.events.find(({ type }) => type === 'fetch-retry')).toMatchObject({
      error: { code: 'SIZE_DIFFERS', message: expect.stringMatching(/ is too short$/) },
    });
  });

  test('asks for nothing if what an earlier run left is whole', async () => {
    await mkdir(join(setup.context.cache, 'partial'));
    await writeFile(join(setup.context.cache, 'partial', sha256), body);
    await setup.expectFetched();
    expect(setup.mirror.requests).toEqual([]);
  });

  test('is begun again if what an earlier run left is longer than the file, of which no tail is kept', async () => {
    await mkdir(join(setup.context.cache, 'partial'));
    await writeFile(join(setup.context.cache, 'partial', sha256), randomBytes(body.length + 999));
    await setup.expectFetched();
    expect(setup.mirror.requests).toEqual([`GET ${PATH}`]);
  });
});

describe('a download is given up', () => {
  const wrong = Buffer.from(body).fill(0, 5, 6);

  test.each<[string, number, ...Fault[]]>([
    ['HASH_DIFFERS', 2, sendsInstead(wrong), sendsInstead(wrong)],
    ['SIZE_DIFFERS', 2, sendsInstead(body.subarray(1)), sendsInstead(body.subarray(1))],
    [
      'SIZE_DIFFERS',
      2,
      sendsInstead(Buffer.from('<html>Log in</html>')),
      sendsInstead(Buffer.concat([body, body])),
    ],
    ['HTTP_REFUSED', 1, answers(403)],
    ['HTTP_REFUSED', 1, answers(401)],
    ['HTTP_FAILED', 3, answers(500), answers(502), answers(503)],
    ['HTTP_FAILED', 1, answers(429, { 'retry-after': '3600' })],
    ['CONNECTION_DROPPED', 3, dropsAfter(0), dropsAfter(0), dropsAfter(0)],
  ])('with %s, after %i requests', async (code, requests, ...list) => {
    setup.faults(...list);
    expect(await refusal(fetchFile(file, setup.context))).toBe(code);
    expect(setup.mirror.requests).toHaveLength(requests);
    await expect(access(setup.cached)).rejects.toThrow('ENOENT');
  });

  test('with CONNECTION_TIMEOUT if the server never answers, after three requests', async () => {
    setup.faults(hangs, hangs, hangs);
    expect(await refusal(fetchFile(file, setup.impatient()))).toBe('CONNECTION_TIMEOUT');
    expect(setup.mirror.requests).toHaveLength(3);
    await expect(access(setup.cached)).rejects.toThrow('ENOENT');
  });

  test('with SIZE_DIFFERS if a body without a length is too long, and nothing of it is kept', async () => {
    const endless: Fault = (answer) => {
      answer.writeHead(200);
      const more = () => answer.write(Buffer.alloc(65_536)) && setImmediate(more);
      answer.on('drain', more);
      more();
    };
    setup.faults(endless, endless);
    await expect(fetchFile(file, setup.context)).rejects.toMatchObject({
      code: 'SIZE_DIFFERS',
      message: expect.stringMatching(/ has more than 300000 bytes$/),
    });
    expect(await setup.partials()).toEqual([]);
  });

  /** A file of this size, of which every answer of the mirror is this fault. */
  const always = (size: number, fault: Fault) => {
    const bytes = randomBytes(size);
    setup.mirror.files.set('debian/always', bytes);
    let sent = 0;
    const counting: Fault = (answer, whole, request) => {
      const write = answer.write.bind(answer) as (...words: unknown[]) => boolean;
      answer.write = ((chunk: Uint8Array, ...rest: unknown[]) => {
        sent += chunk.length;
        return write(chunk, ...rest);
      }) as typeof answer.write;
      fault(answer, whole, request);
    };
    setup.mirror.faults.set('debian/always', Array(1000).fill(counting));
    const digest = createHash('sha256').update(bytes).digest('hex');
    return { wanted: { ...file, path: 'always', size, sha256: digest }, bytes, sent: () => sent };
  };
  const MEGABYTE = 1 << 20;

  test('with HASH_DIFFERS if the mirror drops past each megabyte of wrong bytes, after one try from the start', async () => {
    const size = 3 * MEGABYTE;
    const drop = setup.dropsAfter(MEGABYTE + 1000);
    const { wanted, sent } = always(size, (answer, _, request) => drop(answer, Buffer.alloc(size), request));
    expect(await refusal(fetchFile(wanted, setup.context))).toBe('HASH_DIFFERS');
    const retries = setup.events.flatMap((event) => (event.type === 'fetch-retry' ? event.error.code : []));
    expect(retries.filter((code) => code === 'HASH_DIFFERS')).toHaveLength(1);
    // Some bytes of a connection that breaks are sent in vain.
    expect(sent()).toBeLessThan(2.5 * size);
    expect(await setup.partials()).toEqual([]);
  });

  test('with SIZE_DIFFERS if the mirror ignores Range and drops again and again, after four times its bytes', async () => {
    const size = 3 * MEGABYTE;
    const drop = dropsAfter(2 * MEGABYTE);
    const { wanted, sent } = always(size, (answer, whole) =>
      drop(answer, whole, { headers: {} } as IncomingMessage),
    );
    await expect(fetchFile(wanted, setup.context)).rejects.toMatchObject({
      code: 'SIZE_DIFFERS',
      message: expect.stringMatching(/always sent \d+ bytes of a file of 3145728$/),
    });
    expect(sent()).toBeLessThanOrEqual(5 * size);
  });

  test('with CONNECTION_DROPPED after so many attempts in all, whatever its progress', async () => {
    const { wanted } = always(8 * MEGABYTE, dropsAfter(MEGABYTE + 1000));
    const retry = { ...setup.context.retry, ...defaultRetryPolicy, firstDelayMs: 1, totalAttempts: 4 };
    expect(await refusal(fetchFile(wanted, { ...setup.context, retry }))).toBe('CONNECTION_DROPPED');
    expect(setup.mirror.requests).toHaveLength(4);
  });

  test('with CONNECTION_TIMEOUT if its bytes only drip, though each comes in time', async () => {
    const { wanted } = always(5000, drips);
    const context = { ...setup.context, graceMs: 300 };
    await expect(fetchFile(wanted, context)).rejects.toMatchObject({
      code: 'CONNECTION_TIMEOUT',
      message: `${setup.mirror.url}debian/always is sent too slowly`,
    });
    expect(setup.mirror.requests).toHaveLength(1);
  });

  test('with HTTP_FAILED if the server asks for a longer pause than the time left', async () => {
    setup.faults(answers(503, { 'retry-after': '100' }));
    const retry = { ...defaultRetryPolicy, maxRetryAfterMs: 1e9 };
    expect(await refusal(fetchFile(file, { ...setup.context, retry, graceMs: 1000 }))).toBe('HTTP_FAILED');
    expect(setup.mirror.requests).toHaveLength(1);
  });

  test('with HTTP_MALFORMED if what listens does not speak HTTP', async () => {
    const other = createServer((socket) => socket.on('error', () => {}).end('SSH-2.0-OpenSSH_9.2\r\n'));
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void other.close());
    const mirror = new URL(`http://127.0.0.1:${(other.address() as AddressInfo).port}/debian`);
    await expect(fetchFile(file, { ...setup.context, mirror })).rejects.toMatchObject({
      code: 'HTTP_MALFORMED',
      message: `${mirror}/${file.path.replace('+', '%2B')}`,
    });
  });

  test('with CONNECTION_FAILED if nobody listens', async () => {
    await setup.mirror.close();
    expect(await refusal(fetchFile(file, setup.context))).toBe('CONNECTION_FAILED');
    expect(setup.happened()).toEqual(['fetch-retry', 'fetch-retry']);
  });

  test('with HOST_NOT_FOUND if the name does not resolve', async () => {
    const nowhere = new URL('http://archive.invalid/debian');
    await expect(fetchFile(file, { ...setup.context, mirror: nowhere })).rejects.toMatchObject({
      code: 'HOST_NOT_FOUND',
      message: `http://archive.invalid/debian/${file.path.replace('+', '%2B')}`,
    });
  });

  test('with CONNECTION_FAILED if the server does not speak TLS', async () => {
    const url = new URL(setup.context.mirror);
    url.protocol = 'https:';
    expect(await refusal(fetchFile(file, { ...setup.context, mirror: url }))).toBe('CONNECTION_FAILED');
  });

  test('with CACHE_UNUSABLE if the cache cannot be written', async () => {
    const cache = join(setup.context.cache, 'a-file');
    await writeFile(cache, '');
    expect(await refusal(fetchFile(file, { ...setup.context, cache }))).toBe('CACHE_UNUSABLE');
  });

  test('when it is aborted, and keeps what it has', async () => {
    const stop = new AbortController();
    setup.faults(stallsAfter(5000));
    const onEvent = (event: ArchiveEvent) => {
      setup.events.push(event);
      if (event.type === 'fetch-progress') stop.abort(new Error('enough'));
    };
    const work = fetchFile(file, { ...setup.context, onEvent, signal: stop.signal });
    await expect(work).rejects.toThrow('enough');
    expect(setup.happened()).toEqual(['fetch-start']);
    expect(await setup.partials()).toEqual([sha256]);
    await setup.expectFetched();
  });

  test('when it is aborted between two attempts', async () => {
    const stop = new AbortController();
    setup.faults(answers(503));
    const onEvent = ({ type }: ArchiveEvent) => type === 'fetch-retry' && stop.abort(new Error('enough'));
    const retry = { ...defaultRetryPolicy, firstDelayMs: 60_000, maxDelayMs: 60_000 };
    await expect(fetchFile(file, { ...setup.context, onEvent, retry, signal: stop.signal })).rejects.toThrow(
      'enough',
    );
  });
});

test('a proxy that refuses is not asked again', async () => {
  const proxy = await serve();
  proxy.faults.set(new URL(PATH, setup.mirror.url).href.slice(1), [answers(407)]);
  const http = openHttp({ http_proxy: proxy.url.href });
  onTestFinished(async () => {
    await Promise.all([proxy.close(), http.close()]);
  });
  expect(await refusal(fetchFile(file, { ...setup.context, http }))).toBe('HTTP_REFUSED');
  expect(proxy.requests).toHaveLength(1);
});
