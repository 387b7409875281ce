import { createHash } from 'node:crypto';
import { chmod, mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { type ArchiveEvent, fetchAll, fetchFile, missingFrom, openHttp } from './index.ts';
import { body, type FetchSetup, file, PATH, prepareFetch, refusal } from './testing/fetching.ts';
import { temporaryFolder } from './testing/folder.ts';
import { answers, hangs, serve, serveWell } from './testing/server.ts';

let setup: FetchSetup;

beforeEach(async () => {
  setup = await prepareFetch();
});

describe('a file that the mirror has', () => {
  test('is put into the cache under its hash', async () => {
    await setup.expectFetched();
    expect(setup.happened()).toEqual(['fetch-start', 'fetch-done']);
    expect(setup.events.at(-2)).toMatchObject({ type: 'fetch-progress', received: body.length });
    expect(setup.mirror.seen[0]?.headers['accept-encoding']).toBe('identity');
  });

  test('is not fetched again; no network is used', async () => {
    await fetchFile(file, setup.context);
    await setup.mirror.close();
    expect(await fetchFile(file, setup.context)).toBe(setup.cached);
    expect(setup.happened()).toEqual(['fetch-start', 'fetch-done', 'cache-hit']);
  });

  test('is fetched again if the one in the cache is damaged', async () => {
    await fetchFile(file, setup.context);
    const damaged = Buffer.from(body);
    damaged.writeUInt8(damaged.readUInt8(1000) ^ 1, 1000);
    await writeFile(setup.cached, damaged);
    setup.events.length = 0;
    await setup.expectFetched();
    expect(setup.happened()).toEqual(['cache-damaged', 'fetch-start', 'fetch-done']);
  });

  test('is fetched again if the one in the cache is cut short', async () => {
    await fetchFile(file, setup.context);
    await writeFile(setup.cached, body.subarray(0, 5));
    setup.events.length = 0;
    await setup.expectFetched();
    expect(setup.happened()).toEqual(['cache-damaged', 'fetch-start', 'fetch-done']);
  });

  test('is fetched, found and fetched again without anybody who listens to events', async () => {
    const context = { ...setup.context, onEvent: undefined };
    setup.faults(answers(503));
    await fetchFile(file, context);
    await fetchFile(file, context);
    await writeFile(setup.cached, 'damaged');
    await fetchFile(file, context);
    expect(body.equals(await readFile(setup.cached))).toBe(true);
    setup.mirror.files.delete(PATH);
    const cache = await temporaryFolder();
    expect(await refusal(fetchFile(file, { ...context, cache }))).toBe('FILE_GONE_EVERYWHERE');
    expect(setup.events).toEqual([]);
  });

  test('may be empty', async () => {
    setup.mirror.files.set('debian/empty', Buffer.alloc(0));
    const empty = { ...file, path: 'empty', size: 0, sha256: createHash('sha256').digest('hex') };
    expect(await readFile(await fetchFile(empty, setup.context))).toHaveLength(0);
  });

  test('is found where the mirror redirects to', async () => {
    setup.faults(answers(302, { location: `${setup.mirror.url}elsewhere` }));
    setup.mirror.files.set('elsewhere', body);
    await setup.expectFetched();
  });

  test('is not asked of another host with the credentials of the mirror', async () => {
    const other = await serve([['elsewhere', body]]);
    onTestFinished(() => other.close());
    setup.faults(answers(302, { location: `${other.url}elsewhere` }));
    const mirror = new URL(setup.context.mirror);
    [mirror.username, mirror.password] = ['me', 'secret'];
    await fetchFile(file, { ...setup.context, mirror });
    expect(setup.mirror.seen[0]?.headers.authorization).toMatch(/^Basic /);
    expect(other.seen.map(({ rawHeaders }) => rawHeaders.join())).not.toEqual([]);
    expect(JSON.stringify(other.seen.map(({ rawHeaders }) => rawHeaders))).not.toMatch(
      /authorization|Basic/i,
    );
  });

  test('is not looked for past five redirects', async () => {
    setup.faults(answers(302, { location: `${setup.mirror.url}1` }));
    for (let i = 1; i < 9; i++) {
      setup.mirror.faults.set(String(i), [answers(302, { location: `${setup.mirror.url}${i + 1}` })]);
    }
    expect(await refusal(fetchFile(file, setup.context))).toBe('HTTP_REFUSED');
    expect(setup.mirror.requests).toHaveLength(6);
  });

  test('is asked for with the credentials of the URL, which no event shows', async () => {
    const url = new URL(setup.context.mirror);
    url.username = 'me';
    url.password = 'p%40ss';
    await fetchFile(file, { ...setup.context, mirror: url });
    const credentials = Buffer.from('me:p@ss').toString('base64');
    expect(setup.mirror.seen[0]?.headers.authorization).toBe(`Basic ${credentials}`);
    expect(JSON.stringify(setup.events)).not.toMatch(/p@ss|p%40ss/);
  });

  test.each([
    ['50%off', '50%off'],
    ['%', '%'],
    ['a%zz%41', 'a%zzA'],
    ['%ff', '\xff'],
    ['ü:%25', 'Ã¼:%'],
  ])('is asked for with a password written "%s"', async (written, sent) => {
    const mirror = new URL(`http://me:${written}@${setup.mirror.url.host}/debian`);
    await fetchFile(file, { ...setup.context, mirror });
    const [, credentials = ''] = setup.mirror.seen[0]?.headers.authorization?.split(' ') ?? [];
    expect(Buffer.from(credentials, 'base64').toString('latin1')).toBe(`me:${sent}`);
  });

  test('is asked for through a proxy that is given without a scheme', async () => {
    const proxy = await serve();
    proxy.files.set(new URL(PATH, setup.mirror.url).href.slice(1), body);
    const http = openHttp({ http_proxy: proxy.url.host });
    onTestFinished(async () => void (await Promise.all([proxy.close(), http.close()])));
    await fetchFile(file, { ...setup.context, http });
    expect([proxy.requests.length, setup.mirror.requests.length]).toEqual([1, 0]);
  });

  test('is not asked for if the proxy that the environment names has no address', async () => {
    const http = openHttp({ http_proxy: 'http://' });
    expect(await refusal(fetchFile(file, { ...setup.context, http }))).toBe('PROXY_INVALID');
    await http.close();
  });

  test('is asked for through the proxy that the environment names, but not if no_proxy has the host', async () => {
    const proxy = await serve();
    onTestFinished(() => proxy.close());
    // The request line of a request to a proxy holds the whole URL.
    proxy.files.set(new URL(PATH, setup.mirror.url).href.slice(1), body);
    const http = openHttp({ http_proxy: proxy.url.href });
    const direct = openHttp({ HTTP_PROXY: proxy.url.href, NO_PROXY: '127.0.0.1' });
    onTestFinished(async () => {
      await Promise.all([http.close(), direct.close()]);
    });
    await fetchFile(file, { ...setup.context, http });
    expect([proxy.requests.length, setup.mirror.requests.length]).toEqual([1, 0]);
    await fetchFile(file, { ...setup.context, http: direct, cache: await temporaryFolder() });
    expect([proxy.requests.length, setup.mirror.requests.length]).toEqual([1, 1]);
  });
});

describe('a file is missing from the cache', () => {
  const missing = async (size: number) => missingFrom(setup.context.cache, [{ ...file, size }]);

  test('that has nothing of it', async () => {
    expect(await missing(body.length)).toEqual([file]);
  });

  test('that has fewer bytes; not one that has as many, which are not read', async () => {
    await mkdir(dirname(setup.cached));
    await writeFile(setup.cached, Buffer.alloc(body.length));
    expect(await missing(body.length)).toEqual([]);
    await writeFile(setup.cached, body.subarray(1));
    expect(await missing(body.length)).toEqual([file]);
  });

  test('that has a folder in its place', async () => {
    await mkdir(setup.cached, { recursive: true });
    const { size } = await stat(setup.cached);
    expect(await missing(size)).toEqual([{ ...file, size }]);
  });

  test('that others may write to: an error', async () => {
    await chmod(setup.context.cache, 0o777);
    expect(await refusal(missingFrom(setup.context.cache, [file]))).toBe('CACHE_NOT_OWN');
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
      setup.mirror.files.set(`debian/${file.path}`, content);
      setup.mirror.faults.set(`debian/${file.path}`, [
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
    const paths = await fetchAll(wanted, setup.context, 3);
    expect(paths).toEqual(wanted.map(({ sha256 }) => join(setup.context.cache, 'sha256', sha256)));
    expect(setup.mirror.requests).toHaveLength(9);
    expect(most).toBe(3);
  });

  test('are given up when the caller stops', async () => {
    for (const { file } of many) setup.mirror.faults.set(`debian/${file.path}`, [hangs]);
    const stop = new AbortController();
    const work = fetchAll(
      many.map(({ file }) => file),
      { ...setup.context, signal: stop.signal },
      2,
    );
    await expect.poll(() => setup.mirror.requests.length, { timeout: 4000 }).toBe(2);
    stop.abort(new Error('enough'));
    await expect(work).rejects.toThrow('enough');
    expect(setup.mirror.requests).toHaveLength(2);
  });

  test('are not looked for in the cache any more once the caller stopped', async () => {
    for (const { content, file } of many) setup.mirror.files.set(`debian/${file.path}`, content);
    const wanted = many.map(({ file }) => file);
    await fetchAll(wanted, setup.context);
    const stop = new AbortController();
    const hits: string[] = [];
    const onEvent = ({ type }: ArchiveEvent) => {
      hits.push(type);
      stop.abort(new Error('enough'));
    };
    await expect(fetchAll(wanted, { ...setup.context, onEvent, signal: stop.signal }, 1)).rejects.toThrow(
      'enough',
    );
    expect(hits).toEqual(['cache-hit']);
  });

  test('are given up together, with the error of the first that fails', async () => {
    for (const { content, file } of many) setup.mirror.files.set(`debian/${file.path}`, content);
    setup.mirror.faults.set('debian/many/0', [hangs]);
    setup.mirror.faults.set('debian/many/1', [answers(403)]);
    const start = performance.now();
    const work = fetchAll(
      many.map(({ file }) => file),
      setup.context,
      2,
    );
    expect(await refusal(work)).toBe('HTTP_REFUSED');
    expect(performance.now() - start).toBeLessThan(5000);
    expect(setup.mirror.requests).toHaveLength(2);
  });
});
