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
import { join } from 'node:path';
import {
  blobPath,
  createBlob,
  createLayout,
  type Digest,
  type Layout,
  removeBadBlobs,
} from '@qemu-user-static/oci-image';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { recallStamps, rememberStamps } from './stamps.ts';

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
