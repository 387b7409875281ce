import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  asOnlyWriter,
  blobPath,
  blobSize,
  createLayout,
  type Digest,
  digestOf,
  findBadBlobs,
  hexOf,
  type Layout,
  openBlob,
  removeBadBlobs,
} from './index.ts';
import { BLOB_DAMAGE } from './testing/index.ts';

let folder: string;
let layout: Layout;
let digest: Digest;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'blob-file-'));
  layout = await createLayout(join(folder, 'oci'));
  digest = await put('sound');
});
afterEach(() => rm(folder, { recursive: true }));

async function put(text: string): Promise<Digest> {
  await writeFile(blobPath(layout, digestOf(text)), text);
  return digestOf(text);
}

/** Damage that leaves a regular file is a matter of its bytes. */
const NOT_FILES = BLOB_DAMAGE.filter(({ name }) => !/empty file|longer|other bytes/.test(name));

describe.each(NOT_FILES)('where a blob is $name', ({ name, apply }) => {
  beforeEach(() => apply(blobPath(layout, digest)));

  test('it is not opened, whatever size it may have', async () => {
    const code = name === 'nothing' ? 'BLOB_MISSING' : 'BLOB_DAMAGED';
    await expect(openBlob(layout, digest)).rejects.toMatchObject({ code });
  });

  test('it has no size, and is missing', async () => {
    expect(await blobSize(layout, digest)).toBeNull();
    expect(await findBadBlobs(layout, [{ digest, size: 5 }])).toEqual([
      { digest, size: 5, problem: 'missing' },
    ]);
  });
});

test('a blob is opened where it is a regular file of its size', async () => {
  const file = await openBlob(layout, digest, 5);
  expect(await file.readFile('utf8')).toBe('sound');
  await file.close();
  await expect(openBlob(layout, digest, 6)).rejects.toThrow(`blob ${digest} has 5 bytes, not 6`);
});

test('a blob that two documents give different sizes is wrong for one of them', async () => {
  const blobs = [5, 6, 5].map((size) => ({ digest, size }));
  expect(await findBadBlobs(layout, blobs)).toEqual([{ digest, size: 6, problem: 'wrong size' }]);
});

test('a FIFO and a link among the blobs are removed, and what the link leads to stays', async () => {
  const [empty, linked] = [digestOf(''), digestOf('elsewhere')];
  execFileSync('mkfifo', [blobPath(layout, empty)]);
  await writeFile(join(folder, 'elsewhere'), 'elsewhere');
  await symlink(join(folder, 'elsewhere'), blobPath(layout, linked));
  const { sound, removed } = await removeBadBlobs(layout);
  expect([sound, [...removed].sort()]).toEqual([new Set([digest]), [empty, linked].map(hexOf).sort()]);
  expect(await readdir(join(layout.folder, 'blobs', 'sha256'))).toEqual([hexOf(digest)]);
  expect(await readFile(join(folder, 'elsewhere'), 'utf8')).toBe('elsewhere');
});

test('the only writer does not touch a folder of somebody else', async () => {
  const foreign = join(folder, 'foreign');
  await mkdir(foreign);
  await writeFile(join(foreign, 'notes.md'), 'mine');
  const writing = asOnlyWriter(foreign, () => Promise.reject(new Error('it began')));
  await expect(writing).rejects.toMatchObject({ code: 'FOLDER_FOREIGN' });
  expect(await readdir(foreign)).toEqual(['notes.md']);
});
