import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { access, mkdir, readdir, readFile, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import {
  type ArchiveEvent,
  type FetchContext,
  fetchAll,
  fetchFile,
  openHttp,
  type PoolPackage,
} from './index.ts';
import { temporaryFolder } from './testing/folder.ts';
import {
  answers,
  dropsAfter,
  endsAfter,
  type Fault,
  hangs,
  ignoresRange,
  sendsInstead,
  serve,
  serveWell,
  stallsAfter,
  type TestServer,
} from './testing/server.ts';

const PATH = 'debian/pool/main/q/qemu/qemu-user_1.0+ds-1_amd64.deb';
const body = randomBytes(300_000);
const sha256 = createHash('sha256').update(body).digest('hex');
const file: PoolPackage = {
  path: PATH.slice('debian/'.length),
  size: body.length,
  sha256,
  package: 'qemu-user',
  version: '1:1.0+ds-1',
  architecture: 'amd64',
};

let mirror: TestServer;
let snapshot: TestServer;
let context: FetchContext;
let events: ArchiveEvent[];

beforeEach(async () => {
  mirror = await serve([[PATH, body]]);
  snapshot = await serve();
  const http = openHttp({}, { connect: 500, headers: 500, body: 500 });
  events = [];
  context = {
    mirror: new URL('debian', mirror.url),
    snapshot: snapshot.url,
    cache: await temporaryFolder(),
    http,
    onEvent: (event) => events.push(event),
    retry: { attempts: 3, firstDelay: 10, longestDelay: 1000 },
  };
  onTestFinished(async () => {
    await Promise.all([mirror.close(), snapshot.close(), http.close()]);
  });
});

const faults = (...list: Fault[]) => mirror.faults.set(PATH, list);
const refusal = (work: Promise<unknown>) =>
  work.then(
    () => 'fetched',
    (error) => error.code ?? error,
  );
const happened = () => events.map(({ type }) => type).filter((type) => type !== 'fetch-progress');
const cached = () => join(context.cache, 'sha256', sha256);
const partials = () => readdir(join(context.cache, 'partial'));
async function expectFetched() {
  expect(await fetchFile(file, context)).toBe(cached());
  expect(body.equals(await readFile(cached()))).toBe(true);
  expect(await partials()).toEqual([]);
}

describe('a file that the mirror has', () => {
  test('is put into the cache under its hash', async () => {
    await expectFetched();
    expect(happened()).toEqual(['fetch-start', 'fetch-done']);
    expect(events.at(-2)).toMatchObject({ type: 'fetch-progress', received: body.length });
    expect(mirror.seen[0]?.headers['accept-encoding']).toBe('identity');
  });

  test('is not fetched again; no network is used', async () => {
    await fetchFile(file, context);
    await mirror.close();
    expect(await fetchFile(file, context)).toBe(cached());
    expect(happened()).toEqual(['fetch-start', 'fetch-done', 'cache-hit']);
  });

  test('is fetched again if the one in the cache is damaged', async () => {
    await fetchFile(file, context);
    const damaged = Buffer.from(body);
    damaged.writeUInt8(damaged.readUInt8(1000) ^ 1, 1000);
    await writeFile(cached(), damaged);
    events = [];
    await expectFetched();
    expect(happened()).toEqual(['cache-damaged', 'fetch-start', 'fetch-done']);
  });

  test('is fetched again if the one in the cache is cut short', async () => {
    await fetchFile(file, context);
    await writeFile(cached(), body.subarray(0, 5));
    events = [];
    await expectFetched();
    expect(happened()).toEqual(['cache-damaged', 'fetch-start', 'fetch-done']);
  });

  test('may be empty', async () => {
    mirror.files.set('debian/empty', Buffer.alloc(0));
    const empty = { ...file, path: 'empty', size: 0, sha256: createHash('sha256').digest('hex') };
    expect(await readFile(await fetchFile(empty, context))).toHaveLength(0);
  });

  test('is found where the mirror redirects to', async () => {
    faults(answers(302, { location: `${mirror.url}elsewhere` }));
    mirror.files.set('elsewhere', body);
    await expectFetched();
  });

  test('is asked for with the credentials of the URL, which no event shows', async () => {
    const url = new URL(context.mirror);
    url.username = 'me';
    url.password = 'p%40ss';
    await fetchFile(file, { ...context, mirror: url });
    const credentials = Buffer.from('me:p@ss').toString('base64');
    expect(mirror.seen[0]?.headers.authorization).toBe(`Basic ${credentials}`);
    expect(JSON.stringify(events)).not.toMatch(/p@ss|p%40ss/);
  });

  test('is asked for through the proxy that the environment names, but not if no_proxy has the host', async () => {
    const proxy = await serve();
    onTestFinished(() => proxy.close());
    // The request line of a request to a proxy holds the whole URL.
    proxy.files.set(new URL(PATH, mirror.url).href.slice(1), body);
    const http = openHttp({ http_proxy: proxy.url.href });
    const direct = openHttp({ HTTP_PROXY: proxy.url.href, NO_PROXY: '127.0.0.1' });
    onTestFinished(async () => {
      await Promise.all([http.close(), direct.close()]);
    });
    await fetchFile(file, { ...context, http });
    expect([proxy.requests.length, mirror.requests.length]).toEqual([1, 0]);
    await fetchFile(file, { ...context, http: direct, cache: await temporaryFolder() });
    expect([proxy.requests.length, mirror.requests.length]).toEqual([1, 1]);
  });
});

test('a proxy that refuses is not asked again', async () => {
  const proxy = await serve();
  proxy.faults.set(new URL(PATH, mirror.url).href.slice(1), [answers(407)]);
  const http = openHttp({ http_proxy: proxy.url.href });
  onTestFinished(async () => {
    await Promise.all([proxy.close(), http.close()]);
  });
  expect(await refusal(fetchFile(file, { ...context, http }))).toBe('HTTP_REFUSED');
  expect(proxy.requests).toHaveLength(1);
});

describe('a download that fails on the way', () => {
  test('goes on where the connection dropped', async () => {
    faults(dropsAfter(100_000), dropsAfter(50_000));
    await expectFetched();
    expect(mirror.requests).toEqual([
      `GET ${PATH}`,
      `GET ${PATH} bytes=100000-`,
      `GET ${PATH} bytes=150000-`,
    ]);
    expect(happened()).toEqual([
      'fetch-start',
      'fetch-retry',
      'fetch-start',
      'fetch-retry',
      'fetch-start',
      'fetch-done',
    ]);
    expect(events.find(({ type }) => type === 'fetch-retry')).toMatchObject({
      error: { code: 'CONNECTION_DROPPED' },
    });
  });

  test('goes on where a body ended early', async () => {
    faults(endsAfter(1234));
    await expectFetched();
    expect(mirror.requests).toEqual([`GET ${PATH}`, `GET ${PATH} bytes=1234-`]);
  });

  test('begins anew if the server ignores Range', async () => {
    faults(dropsAfter(100_000), ignoresRange);
    await expectFetched();
    expect(mirror.requests).toEqual([`GET ${PATH}`, `GET ${PATH} bytes=100000-`]);
  });

  test('begins anew if the server sends another part than asked for', async () => {
    faults(dropsAfter(100_000), (answer, whole) => {
      answer.writeHead(206, { 'content-range': `bytes 5-${whole.length - 1}/${whole.length}` });
      answer.end(whole.subarray(5));
    });
    await expectFetched();
    expect(mirror.requests.at(-1)).toBe(`GET ${PATH}`);
    // What was sent is not even looked at.
    expect(happened()).toEqual(['fetch-start', 'fetch-retry', 'fetch-retry', 'fetch-start', 'fetch-done']);
  });

  test('is tried again after the server failed, and after the pause it asks for', async () => {
    faults(answers(503), answers(429, { 'retry-after': '1' }));
    const start = performance.now();
    await expectFetched();
    expect(performance.now() - start).toBeGreaterThan(1000);
    expect(events.filter(({ type }) => type === 'fetch-retry')).toMatchObject([
      { error: { code: 'HTTP_FAILED', status: 503 } },
      { error: { code: 'HTTP_FAILED', status: 429 }, delay: 1000 },
    ]);
  });

  test('is tried again after the server fell silent', async () => {
    faults(hangs, stallsAfter(5000));
    await expectFetched();
    expect(mirror.requests).toEqual([`GET ${PATH}`, `GET ${PATH}`, `GET ${PATH} bytes=5000-`]);
  });

  test('is not given up for drops as long as it gets on', async () => {
    const large = randomBytes(8 << 20);
    mirror.files.set('debian/large', large);
    mirror.faults.set('debian/large', Array(6).fill(dropsAfter(1 << 20)));
    const digest = createHash('sha256').update(large).digest('hex');
    const path = await fetchFile({ ...file, path: 'large', size: large.length, sha256: digest }, context);
    expect(large.equals(await readFile(path))).toBe(true);
    expect(mirror.requests).toHaveLength(7);
  });

  test('is given up after too many drops, and goes on from there in the next run', async () => {
    faults(dropsAfter(10_000), dropsAfter(10_000), dropsAfter(10_000));
    expect(await refusal(fetchFile(file, context))).toBe('CONNECTION_DROPPED');
    expect(await partials()).toEqual([sha256]);
    await expectFetched();
    expect(mirror.requests.at(-1)).toBe(`GET ${PATH} bytes=30000-`);
  });

  test('asks once more for a wrong body, from the start and past caches', async () => {
    faults(dropsAfter(100_000), (answer, whole, request) => {
      serveWell(answer, Buffer.from(whole).fill(0, 200_000, 200_001), request);
    });
    await expectFetched();
    expect(mirror.requests.at(-1)).toBe(`GET ${PATH}`);
    expect(mirror.seen.at(-1)?.headers['cache-control']).toBe('no-cache');
  });

  test('is begun anew if what an earlier run left is wrong', async () => {
    await mkdir(join(context.cache, 'partial'));
    await writeFile(join(context.cache, 'partial', sha256), randomBytes(500));
    await expectFetched();
    expect(mirror.requests).toEqual([`GET ${PATH} bytes=500-`, `GET ${PATH}`]);
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
    ['CONNECTION_TIMEOUT', 3, hangs, hangs, hangs],
    ['CONNECTION_DROPPED', 3, dropsAfter(0), dropsAfter(0), dropsAfter(0)],
  ])('with %s, after %i requests', async (code, requests, ...list) => {
    faults(...list);
    expect(await refusal(fetchFile(file, context))).toBe(code);
    expect(mirror.requests).toHaveLength(requests);
    await expect(access(cached())).rejects.toThrow('ENOENT');
  });

  test('with SIZE_DIFFERS if a body without a length goes on too long, and nothing of it is kept', async () => {
    const endless: Fault = (answer) => {
      answer.writeHead(200);
      const more = () => answer.write(Buffer.alloc(65_536)) && setImmediate(more);
      answer.on('drain', more);
      more();
    };
    faults(endless, endless);
    expect(await refusal(fetchFile(file, context))).toBe('SIZE_DIFFERS');
    expect(await partials()).toEqual([]);
  });

  test('with CONNECTION_FAILED if nobody listens', async () => {
    await mirror.close();
    expect(await refusal(fetchFile(file, context))).toBe('CONNECTION_FAILED');
    expect(happened()).toEqual(['fetch-retry', 'fetch-retry']);
  });

  test('with HOST_NOT_FOUND if the name does not resolve', async () => {
    const nowhere = new URL('http://archive.invalid/debian');
    await expect(fetchFile(file, { ...context, mirror: nowhere })).rejects.toMatchObject({
      code: 'HOST_NOT_FOUND',
      message: `http://archive.invalid/debian/${file.path.replace('+', '%2B')}`,
    });
  });

  test('with CONNECTION_FAILED if the server does not speak TLS', async () => {
    const url = new URL(context.mirror);
    url.protocol = 'https:';
    expect(await refusal(fetchFile(file, { ...context, mirror: url }))).toBe('CONNECTION_FAILED');
  });

  test('with CACHE_UNUSABLE if the cache cannot be written', async () => {
    const cache = join(context.cache, 'a-file');
    await writeFile(cache, '');
    expect(await refusal(fetchFile(file, { ...context, cache }))).toBe('CACHE_UNUSABLE');
  });

  test('when it is told to stop, and keeps what it has', async () => {
    const stop = new AbortController();
    faults(stallsAfter(5000));
    const onEvent = (event: ArchiveEvent) => {
      events.push(event);
      if (event.type === 'fetch-progress') stop.abort(new Error('enough'));
    };
    const work = fetchFile(file, { ...context, onEvent, signal: stop.signal });
    await expect(work).rejects.toThrow('enough');
    expect(happened()).toEqual(['fetch-start']);
    expect(await partials()).toEqual([sha256]);
    await expectFetched();
  });

  test('when it is told to stop between two attempts', async () => {
    const stop = new AbortController();
    faults(answers(503));
    const onEvent = ({ type }: ArchiveEvent) => type === 'fetch-retry' && stop.abort(new Error('enough'));
    const retry = { attempts: 3, firstDelay: 60_000, longestDelay: 60_000 };
    await expect(fetchFile(file, { ...context, onEvent, retry, signal: stop.signal })).rejects.toThrow(
      'enough',
    );
  });
});

describe('two downloads of one file at once', () => {
  test('in one process do not harm each other', async () => {
    faults(dropsAfter(100_000), dropsAfter(200_000));
    await Promise.all([fetchFile(file, context), fetchFile(file, context), fetchFile(file, context)]);
    await expectFetched();
  });

  test('in two processes, one of which is killed, do not harm each other; the next goes on with its part', async () => {
    faults(stallsAfter(123_456));
    const script = `
      import { fetchFile, openHttp } from ${JSON.stringify(join(import.meta.dirname, 'index.ts'))};
      await fetchFile(${JSON.stringify(file)}, {
        mirror: new URL(${JSON.stringify(context.mirror)}), snapshot: new URL('http://127.0.0.1:1/'),
        cache: ${JSON.stringify(context.cache)}, http: openHttp({}),
        onEvent: ({ received }) => received === 123456 && console.log('there'),
      });`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await new Promise((resolve) => child.stdout.once('data', resolve));
    // While it lives its part is left alone.
    await fetchFile(file, { ...context });
    expect(mirror.requests).toEqual([`GET ${PATH}`, `GET ${PATH}`]);
    expect(await partials()).toEqual([expect.stringContaining(`${sha256}@${hostname()}@${child.pid}@`)]);

    child.kill('SIGKILL');
    await new Promise((resolve) => child.once('exit', resolve));
    await writeFile(cached(), 'damaged');
    await expectFetched();
    expect(mirror.requests.at(-1)).toBe(`GET ${PATH} bytes=123456-`);
  });
});

describe('the beginning that another machine left in a shared cache', () => {
  const name = `${sha256}@another-host@1@abc`;
  const leave = async (age: number) => {
    const path = join(context.cache, 'partial', name);
    await mkdir(join(context.cache, 'partial'));
    await writeFile(path, body.subarray(0, 777));
    await utimes(path, new Date(), new Date(Date.now() - age));
  };

  test('is left alone as long as it may still grow', async () => {
    await leave(60_000);
    await fetchFile(file, context);
    expect(mirror.requests).toEqual([`GET ${PATH}`]);
    expect(await partials()).toEqual([name]);
  });

  test('is gone on with once it has not grown for an hour', async () => {
    await leave(3_700_000);
    await expectFetched();
    expect(mirror.requests).toEqual([`GET ${PATH} bytes=777-`]);
  });

  test('is removed with all others once the file is there', async () => {
    await leave(3_700_000);
    await writeFile(join(context.cache, 'partial', sha256), body.subarray(0, 5));
    await expectFetched();
  });
});

describe('a package that has left the pool', () => {
  const sha1 = createHash('sha1').update(body).digest('hex');
  const other = 'ab'.repeat(20);
  const question = 'mr/binary/qemu-user/1:1.0+ds-1/binfiles?fileinfo=1';
  const known = (hash = sha1, size = body.length, architecture = 'amd64') => ({
    result: [
      { architecture: 'arm64', hash: other },
      { architecture, hash },
    ],
    fileinfo: {
      [hash]: [{ name: 'x.deb', archive_name: 'debian', path: '/pool', size, first_seen: '2026' }],
    },
  });
  const holds = (answer: unknown, ...files: [string, Uint8Array][]) => {
    snapshot.files.set(question, Buffer.from(JSON.stringify(answer)));
    for (const [path, content] of files) snapshot.files.set(path, content);
  };

  beforeEach(() => {
    mirror.files.delete(PATH);
  });

  test('comes from the snapshot service, which is asked by name, version and architecture', async () => {
    holds(known(), [`file/${sha1}`, body]);
    await expectFetched();
    expect(snapshot.requests).toEqual([`GET ${question}`, `GET file/${sha1}`]);
    expect(happened()).toEqual(['snapshot', 'fetch-start', 'fetch-done']);
  });

  test('comes from there after 410 too, and goes on with what the mirror gave', async () => {
    mirror.files.set(PATH, body);
    faults(dropsAfter(10_000), answers(410));
    holds(known(), [`file/${sha1}`, body]);
    await expectFetched();
    expect(snapshot.requests.at(-1)).toBe(`GET file/${sha1} bytes=10000-`);
  });

  test('comes from there if one of several files of that name is the one', async () => {
    const answer = {
      result: [{ architecture: 'amd64', hash: other }, ...known().result],
      fileinfo: { ...known().fileinfo, [other]: [{ size: body.length }] },
    };
    holds(answer, [`file/${other}`, randomBytes(body.length)], [`file/${sha1}`, body]);
    await expectFetched();
  });

  test.each([
    ['FILE_GONE_EVERYWHERE', 'knows no such version', undefined],
    ['FILE_GONE_EVERYWHERE', 'knows it for another architecture only', known(sha1, body.length, 'armhf')],
    ['FILE_GONE_EVERYWHERE', 'knows it with another size only', known(sha1, 5)],
    ['FILE_GONE_EVERYWHERE', 'answers with something else', { hello: 'world' }],
    ['FILE_GONE_EVERYWHERE', 'names a hash that is a path', known('../../../etc/passwd')],
  ])('%s if the service %s', async (code, _, answer) => {
    if (answer) holds(answer, [`file/${sha1}`, body]);
    expect(await refusal(fetchFile(file, context))).toBe(code);
    expect(snapshot.requests).toEqual([`GET ${question}`]);
  });

  test('HASH_DIFFERS if the service gives something else', async () => {
    holds(known(), [`file/${sha1}`, randomBytes(body.length)]);
    expect(await refusal(fetchFile(file, context))).toBe('HASH_DIFFERS');
  });

  test('FILE_GONE_EVERYWHERE, with the cause, if the service cannot be reached', async () => {
    await snapshot.close();
    await expect(fetchFile(file, context)).rejects.toMatchObject({
      code: 'FILE_GONE_EVERYWHERE',
      message: 'qemu-user 1:1.0+ds-1 for amd64',
      cause: { code: 'CONNECTION_FAILED' },
    });
  });
});

describe('several files', () => {
  const many = Array.from({ length: 9 }, (_, i) => {
    const content = Buffer.from(`file ${i}`);
    const digest = createHash('sha256').update(content).digest('hex');
    return { content, file: { ...file, path: `many/${i}`, size: content.length, sha256: digest } };
  });

  test('are fetched at most so many at once, each content once', async () => {
    let open = 0;
    let most = 0;
    for (const { content, file } of many) {
      mirror.files.set(`debian/${file.path}`, content);
      mirror.faults.set(`debian/${file.path}`, [
        (answer, whole, request) => {
          open += 1;
          most = Math.max(most, open);
          setTimeout(() => {
            open -= 1;
            serveWell(answer, whole, request);
          }, 20);
        },
      ]);
    }
    const wanted = [...many, ...many].map(({ file }) => file);
    const paths = await fetchAll(wanted, context, 3);
    expect(paths).toEqual(wanted.map(({ sha256 }) => join(context.cache, 'sha256', sha256)));
    expect(mirror.requests).toHaveLength(9);
    expect(most).toBe(3);
  });

  test('are given up together, with the error of the first that fails', async () => {
    for (const { content, file } of many) mirror.files.set(`debian/${file.path}`, content);
    mirror.faults.set('debian/many/0', [hangs]);
    mirror.faults.set('debian/many/1', [answers(403)]);
    const patient = openHttp({});
    onTestFinished(() => patient.close());
    const start = performance.now();
    const work = fetchAll(
      many.map(({ file }) => file),
      { ...context, http: patient },
      2,
    );
    expect(await refusal(work)).toBe('HTTP_REFUSED');
    expect(performance.now() - start).toBeLessThan(5000);
    expect(mirror.requests).toHaveLength(2);
  });
});
