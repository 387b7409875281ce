import { createReadStream, writeFileSync } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openFiles } from '@qemu-user-static/files/testing';
import { defaultRetryPolicy } from '@qemu-user-static/http';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import {
  type ArchiveEvent,
  fetchFile,
  fetchPackageIndex,
  openHttp,
  openSuite,
  readDeb,
  type SuiteContext,
} from './index.ts';
import { makeArchive, type TestArchiveOptions } from './testing/archive.ts';
import { temporaryFolder } from './testing/folder.ts';
import { otherXz } from './testing/other-xz.ts';
import { makePackage, type TestPackage } from './testing/packages.ts';
import { answers, drips, type Fault, sendsInstead, serve, type TestServer } from './testing/server.ts';

const SID = { origin: 'Debian', suite: 'unstable', codename: 'sid' } as const;
const RELEASE = 'dists/sid/InRelease';

let hello: TestPackage;
let older: TestPackage;
let newer: TestPackage;
let foreign: TestPackage;
let events: ArchiveEvent[];

beforeEach(async () => {
  const make = (version: string, architecture = 'amd64') =>
    makePackage({ package: 'hello', version, architecture }, [{ path: 'a', body: version }]);
  hello = await make('1:2.0-1');
  older = await make('1:2.0~rc1-1');
  newer = await make('1:10.0-1');
  foreign = await make('1:3.0-1', 'arm64');
  events = [];
});

/** An archive on a server, and how to read it. */
async function open(packages: readonly TestPackage[], options: TestArchiveOptions = {}) {
  const { key, files } = await makeArchive(packages, options);
  const server = await serve(files as Map<string, Uint8Array>);
  const http = openHttp({});
  onTestFinished(async () => {
    await Promise.all([server.close(), http.close()]);
  });
  const context: SuiteContext = {
    keys: [key.trusted],
    now: new Date('2026-11-23T12:00:00Z'),
    acceptExpired: false,
    cache: await temporaryFolder(),
    http,
    onEvent: (event) => events.push(event),
    retry: { ...defaultRetryPolicy, attempts: 2, firstDelayMs: 1 },
  };
  return { server, context, suite: () => openSuite(server.url, SID, context) };
}
const index = async (
  packages: readonly TestPackage[],
  editIndex?: (text: string) => string,
  wanted = ['hello'],
) => fetchPackageIndex(await (await open(packages, editIndex ? { editIndex } : {})).suite(), 'amd64', wanted);
const refusal = (work: Promise<unknown>) =>
  work.then(
    () => 'accepted',
    (error) => error.code ?? error,
  );
const indexPath = (server: TestServer) =>
  [...server.files.keys()].find((path) => path.includes('binary-')) ?? '';

describe('a suite', () => {
  test('leads from its signature to the bytes of a package', async () => {
    const { server, context, suite } = await open([hello, foreign]);
    const opened = await suite();
    expect(opened.release).toMatchObject({ codename: 'sid', architectures: ['amd64', 'arm64'] });
    const found = (await fetchPackageIndex(opened, 'amd64', ['hello'])).get('hello');
    const path = await fetchFile(found, { ...context, mirror: server.url, snapshot: server.url });
    for await (const entry of readDeb(createReadStream(path), found)) {
      expect(Buffer.from(await entry.read()).toString()).toBe('1:2.0-1');
    }
    expect(server.requests.map((request) => request.replace(/[0-9a-f]{64}/, 'HASH'))).toEqual([
      'GET dists/sid/InRelease',
      'GET dists/sid/main/binary-amd64/by-hash/SHA256/HASH',
      'GET pool/main/h/hello/hello_2.0-1_amd64.deb',
    ]);
  });

  test('may be without by-hash', async () => {
    const { server, suite } = await open([hello], { byHash: false });
    await fetchPackageIndex(await suite(), 'amd64', []);
    expect(server.requests.at(-1)).toBe('GET dists/sid/main/binary-amd64/Packages.xz');
  });

  test('may be opened under its other name, where everything is again', async () => {
    const { server, context } = await open([hello]);
    for (const [path, bytes] of [...server.files]) {
      server.files.delete(path);
      server.files.set(path.replace('dists/sid/', 'dists/unstable/'), bytes);
    }
    const suite = await openSuite(
      server.url,
      { origin: 'Debian', suite: 'unstable', codename: 'sid' },
      context,
      'unstable',
    );
    expect((await fetchPackageIndex(suite, 'amd64', ['hello'])).get('hello').version).toBe('1:2.0-1');
  });

  test('is asked for its Release each time, for its index once', async () => {
    const { server, suite } = await open([hello]);
    for (let i = 0; i < 3; i++) await fetchPackageIndex(await suite(), 'amd64', ['hello']);
    expect(server.requests).toHaveLength(4);
    expect(events.map(({ type }) => type)).toEqual([
      'fetch-start',
      'fetch-progress',
      'fetch-done',
      'cache-hit',
      'cache-hit',
    ]);
  });

  test('is asked again after the server failed', async () => {
    const { server, suite } = await open([hello]);
    server.faults.set(RELEASE, [answers(503)]);
    expect((await suite()).release.codename).toBe('sid');
    expect(events).toMatchObject([{ type: 'fetch-retry', url: `${server.url}${RELEASE}` }]);
  });

  test.each([
    ['RELEASE_NOT_FOUND', answers(404)],
    ['HTTP_REFUSED', answers(403)],
    ['RELEASE_NOT_SIGNED', sendsInstead(Buffer.from('<html>Log in</html>\n'))],
    ['SIZE_DIFFERS', sendsInstead(Buffer.alloc((16 << 20) + 1))],
  ])('is refused with %s', async (code, fault) => {
    const { server, suite } = await open([hello]);
    server.faults.set(RELEASE, [fault]);
    expect(await refusal(suite())).toBe(code);
  });

  test('is refused if it has expired, unless that is accepted', async () => {
    const { suite, context, server } = await open([hello], { validUntil: new Date('2026-11-22T00:00:00Z') });
    expect(await refusal(suite())).toBe('RELEASE_EXPIRED');
    const { release } = await openSuite(server.url, SID, { ...context, acceptExpired: true });
    expect(release.expired).toBe(true);
  });

  test('is refused if it only drips', async () => {
    const { server, context } = await open([hello]);
    server.faults.set(RELEASE, [drips]);
    const work = openSuite(server.url, SID, { ...context, graceMs: 200 });
    expect(await refusal(work)).toBe('CONNECTION_TIMEOUT');
  });

  test('is refused if it has a mark of the order of bytes before it', async () => {
    const { server, suite } = await open([hello]);
    server.files.set(
      RELEASE,
      Buffer.concat([Buffer.from('efbbbf', 'hex'), server.files.get(RELEASE) ?? Buffer.alloc(0)]),
    );
    expect(await refusal(suite())).toBe('RELEASE_NOT_SIGNED');
  });

  test('is refused if it is another one', async () => {
    const { suite } = await open([hello], { suite: 'stable' });
    expect(await refusal(suite())).toBe('RELEASE_SUITE_MISMATCH');
  });
});

describe('a package index', () => {
  test('gives the newest version', async () => {
    const found = (await index([hello, newer, older])).get('hello');
    expect(found).toEqual({
      ...newer.described,
      source: { name: 'hello', version: '1:10.0-1' },
      builtUsing: [],
    });
  });

  test('has only what was asked for', async () => {
    const found = await index([hello], undefined, ['hell', 'ello', 'hello-2']);
    expect(['hell', 'ello', 'hello', 'hello-2'].map((name) => found.has(name))).toEqual([
      false,
      false,
      false,
      false,
    ]);
    expect(() => found.get('hell')).toThrow(
      expect.objectContaining({
        code: 'PACKAGE_NOT_IN_INDEX',
        message: 'the suite does not have hell for amd64',
      }),
    );
  });

  test('finds a package among 60,000 others, of which none is parsed', async () => {
    const many = Array.from({ length: 60_000 }, (_, i) => `Package: other-${i}\nnot a field\n`).join('\n');
    const { suite } = await open([hello], { editIndex: (text) => `${many}\n${text}` });
    expect((await fetchPackageIndex(await suite(), 'amd64', ['hello', 'none'])).has('hello')).toBe(true);
  });

  test('names the sources of a package', async () => {
    const sources = `Source: hi (1:1.9-2)
Built-Using: glibc (=2.43-7), zlib (=  1:1.3.dfsg-4),
Static-Built-Using: gcc-16 (= 16.2.0-4)
`;
    const found = (await index([hello], (text) => text + sources)).get('hello');
    expect(found.source).toEqual({ name: 'hi', version: '1:1.9-2' });
    expect(found.builtUsing).toEqual([
      { name: 'glibc', version: '2.43-7' },
      { name: 'zlib', version: '1:1.3.dfsg-4' },
      { name: 'gcc-16', version: '16.2.0-4' },
    ]);
    const plain = (await index([hello], (text) => `${text}Source: hi\n`)).get('hello');
    expect(plain.source).toEqual({ name: 'hi', version: '1:2.0-1' });
  });

  test('may have packages for all architectures', async () => {
    const found = await index([hello], (text) => text.replace('Architecture: amd64', 'Architecture: all'));
    expect(found.get('hello').architecture).toBe('all');
  });

  test('is not taken for a line inside another package', async () => {
    const found = await index([hello], (text) => text.replace('test\n', 'test\n Package: other\n'), [
      'other',
    ]);
    expect(found.has('other')).toBe(false);
  });

  test.each<[string, string, string | RegExp, string]>([
    ['INDEX_MALFORMED', 'a size that is not a number', /Size: \d+/, 'Size: -1'],
    ['INDEX_MALFORMED', 'a size with a unit', /Size: (\d+)/, 'Size: $1k'],
    ['INDEX_MALFORMED', 'no size', /Size: \d+\n/, ''],
    ['INDEX_MALFORMED', 'no hash', /SHA256: .*\n/, ''],
    ['INDEX_MALFORMED', 'MD5 only', 'SHA256: ', 'MD5sum: '],
    ['INDEX_MALFORMED', 'a hash too short', /SHA256: ../, 'SHA256: '],
    ['INDEX_MALFORMED', 'a hash too long', /SHA256: /, 'SHA256: 00'],
    ['INDEX_MALFORMED', 'a hash with more behind it', /SHA256: .*/, '$& x'],
    ['INDEX_MALFORMED', 'no version', /Version: .*\n/, ''],
    ['INDEX_MALFORMED', 'no path', /Filename: .*\n/, ''],
    ['INDEX_MALFORMED', 'another architecture', 'Architecture: amd64', 'Architecture: arm64'],
    ['INDEX_MALFORMED', 'a source without the form of one', 'Description: test', 'Source: a b c'],
    ['INDEX_MALFORMED', 'a source in capitals', 'Description: test', 'Source: Hello'],
    ['INDEX_MALFORMED', 'a source whose version is open', 'Description: test', 'Source: hi (1'],
    ['INDEX_MALFORMED', 'sources in capitals', 'Description: test', 'Built-Using: Glibc (= 1)'],
    ['INDEX_MALFORMED', 'sources with more', 'Description: test', 'Built-Using: glibc (= 1) zlib (= 1)'],
    ['INDEX_MALFORMED', 'sources without version', 'Description: test', 'Built-Using: glibc'],
    ['VERSION_MALFORMED', 'a version without the form of one', 'Version: 1:2.0-1', 'Version: 2 0'],
    ['PATH_UNSAFE', 'a path that climbs out', 'Filename: pool', 'Filename: ../pool'],
    ['PATH_UNSAFE', 'an absolute path', 'Filename: pool', 'Filename: /pool'],
    ['CONTROL_MALFORMED', 'a field twice', 'Description: test', 'Size: 5'],
    ['CONTROL_MALFORMED', 'a line without a field', 'Description: test', 'nonsense'],
  ])('is refused with %s for %s', async (code, _, from, to) => {
    expect(await refusal(index([hello], (text) => text.replace(from, to)))).toBe(code);
  });

  test('is refused if it has a version twice, and is closed then', async () => {
    const { suite, context } = await open([hello], { editIndex: (text) => `${text}\n${text}` });
    expect(await refusal(fetchPackageIndex(await suite(), 'amd64', ['hello']))).toBe('INDEX_MALFORMED');
    const opened = async () => (await openFiles()).filter((path) => path.startsWith(context.cache));
    await expect.poll(opened, { timeout: 4000 }).toEqual([]);
  });

  test('is refused if it is not of the suite', async () => {
    const { suite } = await open([hello]);
    await expect(fetchPackageIndex(await suite(), 'riscv64', [])).rejects.toMatchObject({
      code: 'INDEX_NOT_IN_RELEASE',
      message: 'the Release of sid has no main/binary-riscv64/Packages.xz',
    });
    expect(await refusal(fetchPackageIndex(await suite(), 'amd64', [], 'contrib'))).toBe(
      'INDEX_NOT_IN_RELEASE',
    );
  });

  test('is refused if its bytes are not those that were signed', async () => {
    const { server, suite } = await open([hello]);
    const path = indexPath(server);
    const good = Buffer.from(server.files.get(path) ?? '');
    const changed = Buffer.from(good);
    changed.writeUInt8(changed.readUInt8(50) ^ 1, 50);
    for (const [body, code] of [
      [changed, 'HASH_DIFFERS'],
      [good.subarray(1), 'SIZE_DIFFERS'],
    ] as const) {
      server.files.set(path, body);
      expect(await refusal(fetchPackageIndex(await suite(), 'amd64', ['hello']))).toBe(code);
    }
  });
});

describe('an InRelease file that was fetched before', () => {
  const conditionOf = ({ seen }: TestServer) => seen.map(({ headers }) => headers['if-none-match']);

  test('is not sent again while it is the same, and verified as the first time', async () => {
    const { server, context, suite } = await open([hello]);
    const first = await suite();
    const again = await suite();
    expect(again.release).toEqual(first.release);
    expect(conditionOf(server)).toEqual([undefined, expect.stringMatching(/^"[0-9a-f]{64}"$/)]);
    expect(server.seen.map(({ headers }) => headers['if-modified-since'])).toEqual([undefined, undefined]);
    const later = { ...context, now: new Date('2027-01-01T00:00:00Z') };
    expect(await refusal(openSuite(server.url, SID, later))).toBe('RELEASE_EXPIRED');
  });

  test('is downloaded again when the archive has another', async () => {
    const { server, context, suite } = await open([hello]);
    await suite();
    const next = await makeArchive([newer], { date: new Date('2026-11-22T09:00:00Z') });
    for (const [path, body] of next.files) server.files.set(path, Buffer.from(body));
    const opened = await openSuite(server.url, SID, { ...context, keys: [next.key.trusted] });
    expect(opened.release.date).toEqual(new Date('2026-11-22T09:00:00Z'));
  });

  test('is asked for by its date if the server gives no other mark', async () => {
    const { server, suite } = await open([hello]);
    const date = 'Sat, 21 Nov 2026 09:15:44 GMT';
    const dated: Fault = (answer, body, { headers }) =>
      headers['if-modified-since'] === date
        ? answer.writeHead(304).end()
        : answer.writeHead(200, { 'last-modified': date }).end(body);
    server.faults.set(RELEASE, [dated, dated]);
    expect((await suite()).release).toEqual((await suite()).release);
    expect(server.seen.map(({ headers }) => headers['if-modified-since'])).toEqual([undefined, date]);
    expect(conditionOf(server)).toEqual([undefined, undefined]);
  });

  test('is not kept if the server gives no mark of it', async () => {
    const { server, context, suite } = await open([hello]);
    server.faults.set(RELEASE, [(answer, body) => answer.writeHead(200).end(body)]);
    await suite();
    expect(await readdir(context.cache)).toEqual([]);
  });

  test.each([
    [403, 'HTTP_REFUSED'],
    [404, 'RELEASE_NOT_FOUND'],
  ])('is not in place of the answer %i', async (status, code) => {
    const { server, suite } = await open([hello]);
    await suite();
    server.faults.set(RELEASE, [answers(status)]);
    expect(await refusal(suite())).toBe(code);
  });

  test('is an error if the server says it is the same, and no copy is kept', async () => {
    const { server, suite } = await open([hello]);
    server.faults.set(RELEASE, [answers(304)]);
    expect(await refusal(suite())).toBe('HTTP_REFUSED');
  });

  test('is asked for as the first time when the copy is damaged', async () => {
    const { server, context, suite } = await open([hello]);
    await suite();
    const [name = ''] = await readdir(join(context.cache, 'kept'));
    const path = join(context.cache, 'kept', name);
    const kept = JSON.parse(await readFile(path, 'utf8'));
    await writeFile(path, JSON.stringify({ ...kept, text: 'another' }));
    await suite();
    expect(conditionOf(server)).toEqual([undefined, undefined]);
  });
});

describe('what is hashed of an index is what is read', () => {
  const read = async (packages = [hello, newer]) =>
    fetchPackageIndex(await (await open(packages)).suite(), 'amd64', ['hello']);

  test('also if the file in the cache is exchanged after it was checked', async () => {
    const { context, suite } = await open([hello]);
    const other = await open([newer]);
    const opened = await suite();
    await fetchPackageIndex(opened, 'amd64', ['hello']);
    const [name = ''] = await readdir(join(context.cache, 'sha256'));
    const onEvent = ({ type }: ArchiveEvent) =>
      type === 'cache-hit' &&
      writeFileSync(
        join(context.cache, 'sha256', name),
        other.server.files.get(indexPath(other.server)) ?? '',
      );
    const work = fetchPackageIndex({ ...opened, context: { ...context, onEvent } }, 'amd64', ['hello']);
    expect(['SIZE_DIFFERS', 'HASH_DIFFERS']).toContain(await refusal(work));
  });

  test.each([
    ['nothing', 'cat >/dev/null'],
    ['less', 'xz -dc | head -n 9'],
    ['more', 'xz -dc; echo'],
    ['other bytes', 'xz -dc | tr 1 2'],
  ])('an xz that prints %s is named as the cause', async (_, lines) => {
    await otherXz(lines);
    await expect(read()).rejects.toMatchObject({
      code: 'XZ_FAILED',
      message: expect.stringMatching(/^xz, for main\/binary-amd64\/Packages: it has /),
    });
  });

  test('an index whose uncompressed form is not signed is refused', async () => {
    const { suite } = await open([hello]);
    const opened = await suite();
    (opened.release.files as Map<string, unknown>).delete('main/binary-amd64/Packages');
    expect(await refusal(fetchPackageIndex(opened, 'amd64', ['hello']))).toBe('INDEX_NOT_IN_RELEASE');
  });

  test('of a package too: if it is the signed one and no tar archive comes out, xz is named', async () => {
    const { deb, described } = await makePackage({}, [{ path: 'a', body: 'text' }]);
    async function* source(bytes: Uint8Array) {
      yield bytes;
    }
    const entries = (bytes: Uint8Array) => Array.fromAsync(readDeb(source(bytes), described));
    await otherXz('cat >/dev/null; echo hello');
    await expect(entries(deb)).rejects.toMatchObject({
      code: 'XZ_FAILED',
      message: expect.stringMatching(/^pool.*: xz printed what is not a tar archive: /),
    });
    const changed = Buffer.from(deb);
    changed.writeUInt8(changed.readUInt8(deb.length - 30) ^ 1, deb.length - 30);
    expect(await refusal(entries(changed))).toBe('HASH_DIFFERS');
  });
});
