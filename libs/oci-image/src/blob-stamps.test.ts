import { mkdir, mkdtemp, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { stampsOf } from './blob-stamps.ts';
import {
  blobPath,
  createLayout,
  type Digest,
  digestOf,
  hexOf,
  type Layout,
  removeBadBlobs,
} from './index.ts';

const digest = digestOf('sound');
let folder: string;
let layout: Layout;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'blob-stamps-'));
  layout = await createLayout(join(folder, 'oci'));
  await writeFile(blobPath(layout, digest), 'sound');
});
afterEach(() => rm(folder, { recursive: true }));

const stampOf = async () => (await stampsOf(layout, [digest])).get(digest)?.text;

test('a file that nobody touches has the same stamp', async () => {
  expect(await stampOf()).toMatch(/^\d+ \d+ 5 \d{19} \d{19}$/);
  expect(await stampOf()).toBe(await stampOf());
});

describe('a file has another stamp after', () => {
  test.each<[string, (path: string) => Promise<unknown>]>([
    ['other bytes of the same length', (path) => writeFile(path, 'SOUND')],
    ['the time of its contents was set', (path) => utimes(path, 1, 1)],
    [
      'another file took its place',
      async (path) => {
        await writeFile(join(folder, 'other'), 'sound');
        await rename(join(folder, 'other'), path);
      },
    ],
  ])('%s', async (_, change) => {
    const before = await stampOf();
    // A tick of the clock of the kernel.
    await new Promise((resolve) => setTimeout(resolve, 20));
    await change(blobPath(layout, digest));
    expect(await stampOf()).not.toBe(before);
  });
});

test('it changed when it was last written, in milliseconds', async () => {
  const since = Date.now();
  await writeFile(blobPath(layout, digest), 'again');
  const changed = (await stampsOf(layout, [digest])).get(digest)?.changed ?? 0;
  expect(Math.abs(changed - since)).toBeLessThan(60_000);
});

test('what is not a regular file has none, nor has what is not a digest', async () => {
  const [linked, directory, missing] = [digestOf('linked'), digestOf('directory'), digestOf('missing')];
  await symlink(blobPath(layout, digest), blobPath(layout, linked));
  await mkdir(blobPath(layout, directory));
  const wrong = 'sha256:../../../etc/passwd' as Digest;
  const stamps = await stampsOf(layout, [digest, linked, directory, missing, wrong]);
  expect([...stamps.keys()]).toEqual([digest]);
});

describe('blobs that are not read, since their stamps are trusted:', () => {
  const other = digestOf('other');

  test('each with its own stamp alone; the rest is read', async () => {
    for (const one of [digest, other]) await writeFile(blobPath(layout, one), 'damaged');
    const trusted = new Map([[digest, (await stampOf()) ?? '']]);
    expect(await removeBadBlobs(layout, trusted)).toEqual({
      sound: new Set([digest]),
      removed: [hexOf(other)],
    });
  });

  test('none with the stamp of another, or of before', async () => {
    await writeFile(blobPath(layout, other), 'other');
    const text = (await stampOf()) ?? '';
    await writeFile(blobPath(layout, digest), 'damaged');
    const trusted = new Map([
      [digest, text],
      [other, text],
    ]);
    expect(await removeBadBlobs(layout, trusted)).toEqual({
      sound: new Set([other]),
      removed: [hexOf(digest)],
    });
  });
});
