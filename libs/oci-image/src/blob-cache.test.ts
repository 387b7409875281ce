import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type BlobCache, openBlobCache } from './blob-cache.ts';
import { blobPath, createLayout, type Digest, digestOf, hexOf, type Layout } from './index.ts';
import { processIdentity } from './process-identity.ts';

const TEXT = 'a layer';
const digest = digestOf(TEXT);
const size = TEXT.length;

let folder: string;
let layout: Layout;
let cache: BlobCache;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'blob-cache-'));
  layout = await createLayout(join(folder, 'oci'));
  cache = await openBlobCache(join(folder, 'cache'));
});
afterEach(async () => {
  await cache.close();
  await rm(folder, { recursive: true });
});

const cached = (of: Digest = digest) => join(folder, 'cache', 'sha256', hexOf(of));
const inCache = () => readdir(join(folder, 'cache', 'sha256'));
const inLayout = () => readdir(join(layout.folder, 'blobs', 'sha256'));

/** Puts a file, or what else, in the place of the blob in the cache. */
async function putInCache(put: (path: string) => Promise<unknown> = (path) => writeFile(path, TEXT)) {
  await mkdir(dirname(cached()), { recursive: true });
  await put(cached());
}

describe('what is taken from the cache', () => {
  test('is in the layout under its name, and stays in the cache', async () => {
    await putInCache();
    expect(await cache.take([{ digest, size }], layout)).toBe(true);
    expect(await readFile(blobPath(layout, digest), 'utf8')).toBe(TEXT);
    expect([await inLayout(), await inCache()]).toEqual([[hexOf(digest)], [hexOf(digest)]]);
  });

  test('is none of it, if one of several blobs is missing; the others are in the layout', async () => {
    await putInCache();
    const other = { digest: digestOf('another'), size: 7 };
    expect(await cache.take([{ digest, size }, other], layout)).toBe(false);
    expect(await inLayout()).toEqual([hexOf(digest)]);
  });

  test('replaces what the layout has in its place', async () => {
    await putInCache();
    await writeFile(blobPath(layout, digest), 'damaged');
    expect(await cache.take([{ digest, size }], layout)).toBe(true);
    expect(await readFile(blobPath(layout, digest), 'utf8')).toBe(TEXT);
  });
});

test('an empty folder has nothing to take', async () => {
  expect(await cache.take([{ digest, size }], layout)).toBe(false);
  expect(await inLayout()).toEqual([]);
});

describe('nothing is taken, the place in the cache is cleared and the layout is left alone, where it has', () => {
  test.each<[string, (path: string) => Promise<unknown>]>([
    ['other bytes of the same length', (path) => writeFile(path, TEXT.toUpperCase())],
    ['the bytes, and more', (path) => writeFile(path, `${TEXT}!`)],
    ['an empty file', (path) => writeFile(path, '')],
    ['a folder with files', (path) => mkdir(path).then(() => writeFile(join(path, 'file'), TEXT))],
    [
      'a link to the bytes',
      (path) => writeFile(join(folder, 'bytes'), TEXT).then(() => symlink(join(folder, 'bytes'), path)),
    ],
    ['a FIFO', async (path) => execFileSync('mkfifo', [path])],
  ])('%s', async (_, put) => {
    await putInCache(put);
    expect(await cache.take([{ digest, size }], layout)).toBe(false);
    expect([await inLayout(), await inCache()]).toEqual([[], []]);
  });

  test('the bytes of a blob that is said to be longer', async () => {
    await putInCache();
    expect(await cache.take([{ digest, size: size + 1 }], layout)).toBe(false);
    expect([await inLayout(), await inCache()]).toEqual([[], []]);
  });
});

describe('what is kept', () => {
  beforeEach(() => writeFile(blobPath(layout, digest), TEXT));

  test('is in the cache under its name, in a folder of the user alone', async () => {
    await cache.keep([digest], layout);
    expect([await inCache(), await readFile(cached(), 'utf8')]).toEqual([[hexOf(digest)], TEXT]);
    expect((await stat(dirname(cached()))).mode & 0o777).toBe(0o700);
  });

  test('twice is there once, and nothing is left over', async () => {
    await cache.keep([digest], layout);
    const { ino } = await stat(cached());
    await cache.keep([digest], layout);
    expect([await inCache(), (await stat(cached())).ino]).toEqual([[hexOf(digest)], ino]);
  });

  test.each<[string, (path: string) => Promise<unknown>]>([
    ['a damaged file', (path) => writeFile(path, 'damaged')],
    ['a folder with files', (path) => mkdir(join(path, 'more'), { recursive: true })],
  ])('replaces %s', async (_, put) => {
    await putInCache(put);
    await cache.keep([digest], layout);
    expect([await inCache(), await readFile(cached(), 'utf8')]).toEqual([[hexOf(digest)], TEXT]);
  });

  test('and is not in the layout is an error, and nothing is left over', async () => {
    const missing = digestOf('missing');
    await expect(cache.keep([digest, missing], layout)).rejects.toMatchObject({ code: 'ENOENT' });
    expect(await inCache()).not.toContain(hexOf(missing));
  });

  test('is an error where the folder cannot be made', async () => {
    await writeFile(join(folder, 'file'), '');
    const other = await openBlobCache(join(folder, 'file'));
    await expect(other.keep([digest], layout)).rejects.toMatchObject({ code: 'ENOTDIR' });
    await other.close();
  });
});

describe('what else is in the cache', () => {
  const temporary = (owner: string) => `.partial-${owner.replace(' ', '-')}-${crypto.randomUUID()}`;

  test('is removed unless it is named; what another run is writing stays', async () => {
    await putInCache();
    const writing = temporary(await processIdentity(process.pid));
    await writeFile(cached(digestOf('other')), 'other');
    await mkdir(join(dirname(cached()), 'a-folder', 'more'), { recursive: true });
    await writeFile(join(dirname(cached()), writing), '');
    await cache.removeOthers(new Set([digest]));
    expect((await inCache()).sort()).toEqual([writing, hexOf(digest)].sort());
  });

  test('is removed when it opens, if the process that wrote it is gone', async () => {
    await putInCache();
    const child = spawn('sleep', ['100']);
    const gone = temporary(await processIdentity(child.pid ?? 0));
    child.kill('SIGKILL');
    await once(child, 'exit');
    const own = await processIdentity(process.pid);
    // Another process has the number by now.
    const reused = temporary(own.replace(/\d+$/, (started) => String(Number(started) + 1)));
    const writing = temporary(own);
    for (const name of [gone, reused, writing]) await writeFile(join(dirname(cached()), name), '');
    const opened = await openBlobCache(join(folder, 'cache'));
    expect((await inCache()).sort()).toEqual([writing, hexOf(digest)].sort());
    await opened.close();
  });
});
