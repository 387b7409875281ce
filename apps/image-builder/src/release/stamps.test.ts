import {
  appendFile,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import {
  blobPath,
  createBlob,
  createLayout,
  type Digest,
  type Layout,
  removeBadBlobs,
  stampsOf,
} from '@qemu-user-static/oci-image';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { recallStamps, rememberStamps, type Stamps } from './stamps.ts';

let folder: string;
let layout: Layout;
let digest: Digest;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'stamps-'));
  layout = await createLayout(join(folder, 'oci'));
  const blob = await createBlob(layout);
  await blob.write(Buffer.from('contents'));
  ({ digest } = await blob.commit());
  path = blobPath(layout, digest);
});
afterEach(() => rm(folder, { recursive: true }));

/** Keeps the stamp of the blob, hashed long after it was written unless another time is given. */
const hashed = (since = Date.now() + 10_000) =>
  rememberStamps(layout, folder, new Map(), [{ digests: [digest], since }]);

/** The findings of a run that trusts the stamps: whether the blob is there still, and whether it is read. */
async function next() {
  const trusted = await recallStamps(layout, folder);
  const { sound } = await removeBadBlobs(layout, trusted);
  return { trusted: trusted.size, sound: sound.has(digest) };
}

test('a blob that is as it was when it was hashed is not read', async () => {
  await hashed();
  expect(await next()).toEqual({ trusted: 1, sound: true });
  // A disk that changes bytes by itself changes no time: that is what `check` is for.
  expect((await removeBadBlobs(layout)).removed).toEqual([]);
});

test('one that may have changed in the same moment is not trusted', async () => {
  await hashed(Math.floor((await stat(path)).ctimeMs));
  expect(await next()).toEqual({ trusted: 0, sound: true });
});

test.each([
  ['is not trusted while its clock may show the same time', 100, 0],
  ['is trusted afterwards', 101, 1],
])('one that was written before it was hashed %s', async (_, after, size) => {
  const changed = (await stampsOf(layout, new Set([digest]))).get(digest)?.changed ?? 0;
  await hashed(changed + after);
  expect((await recallStamps(layout, folder)).size).toBe(size);
});

test.each<[string, () => Promise<unknown>]>([
  ['is written into', () => writeFile(path, 'CONTENTS')],
  [
    'is written into, and gets its time back',
    async () => {
      const { atime, mtime } = await stat(path);
      await writeFile(path, 'CONTENTS');
      await utimes(path, atime, mtime);
    },
  ],
  ['becomes longer', () => appendFile(path, '!')],
  [
    'is replaced by another file',
    async () => {
      await writeFile(join(folder, 'other'), 'CONTENTS');
      await rename(join(folder, 'other'), path);
    },
  ],
])('one that %s is read, and found out', async (_, change) => {
  await hashed();
  await change();
  expect(await next()).toEqual({ trusted: 1, sound: false });
});

test('stamps that cannot be read count for nothing', async () => {
  await hashed();
  const [name = ''] = await readdir(join(folder, '.memo'));
  await writeFile(join(folder, '.memo', name), (await readFile(join(folder, '.memo', name))).subarray(0, 20));
  expect(await next()).toEqual({ trusted: 0, sound: true });
});

test('a layout elsewhere has stamps of its own', async () => {
  await hashed();
  expect((await recallStamps({ folder: join(folder, 'elsewhere') }, folder)).size).toBe(0);
});

test('a layout is the same one, however its folder is written', async () => {
  await hashed();
  const other = { folder: join(relative(process.cwd(), layout.folder), '..', 'oci') };
  expect((await recallStamps(other, folder)).size).toBe(1);
});

describe('stamps of an earlier run', () => {
  let second: Digest;
  let before: Stamps;
  beforeEach(async () => {
    const blob = await createBlob(layout);
    await blob.write(Buffer.from('more'));
    second = (await blob.commit()).digest;
    await rememberStamps(layout, folder, new Map(), [
      { digests: [digest, second], since: Date.now() + 10_000 },
    ]);
    before = await recallStamps(layout, folder);
  });
  const memo = async () => {
    const [name = ''] = await readdir(join(folder, '.memo'));
    return stat(join(folder, '.memo', name));
  };

  test('are kept with those of blobs that were hashed since', async () => {
    const blob = await createBlob(layout);
    await blob.write(Buffer.from('new'));
    const third = (await blob.commit()).digest;
    await rememberStamps(layout, folder, before, [{ digests: [third], since: Date.now() + 10_000 }]);
    expect([...(await recallStamps(layout, folder)).keys()].sort()).toEqual([digest, second, third].sort());
  });

  test('are not written again where nothing has changed', async () => {
    const { ino, mtimeMs } = await memo();
    await rememberStamps(layout, folder, before, [{ digests: [digest], since: Date.now() + 10_000 }]);
    expect(await memo()).toMatchObject({ ino, mtimeMs });
  });

  test('are those of today for a blob that has changed, and was hashed', async () => {
    await appendFile(path, '!');
    await rememberStamps(layout, folder, before, [{ digests: [digest], since: Date.now() + 10_000 }]);
    const now = await recallStamps(layout, folder);
    expect(now.size).toBe(2);
    expect(now.get(digest)).not.toBe(before.get(digest));
  });

  test('are lost for a blob that has changed, or is gone', async () => {
    await appendFile(path, '!');
    await rememberStamps(layout, folder, before, []);
    const now = await recallStamps(layout, folder);
    expect([...now.keys()]).toEqual([second]);
    await rm(blobPath(layout, second));
    await rememberStamps(layout, folder, now, []);
    expect(await recallStamps(layout, folder)).toEqual(new Map());
  });
});
