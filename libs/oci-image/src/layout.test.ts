import { mkdir, mkdtemp, open, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { openFiles } from '@qemu-user-static/files/testing';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  blobPath,
  createBlob,
  createLayout,
  digestOf,
  documentOf,
  findBadBlobs,
  type Layout,
  MEDIA_TYPE,
  putDocument,
  readIndex,
  removeBadBlobs,
  removeOtherBlobs,
  writeIndex,
} from './index.ts';

let folder: string;
let layout: Layout;
beforeEach(async () => {
  folder = join(await mkdtemp(join(tmpdir(), 'layout-')), 'oci');
  layout = await createLayout(folder);
});
afterEach(() => rm(dirname(folder), { recursive: true }));
const blobs = () => readdir(join(folder, 'blobs', 'sha256'));
const write = async (text: string) => {
  const blob = await createBlob(layout);
  await blob.write(Buffer.from(text));
  return blob.commit();
};

describe('a layout', () => {
  test('is marked as one', async () => {
    expect(JSON.parse(await readFile(join(folder, 'oci-layout'), 'utf8'))).toEqual({
      imageLayoutVersion: '1.0.0',
    });
  });

  test('has a blob under its digest once it is whole, and nothing before', async () => {
    const blob = await createBlob(layout);
    await blob.write(Buffer.from('he'));
    expect((await blobs()).every((name) => name.startsWith('.partial-'))).toBe(true);
    await blob.write(Buffer.from('llo'));
    expect(await blob.commit()).toEqual({ digest: digestOf('hello'), size: 5 });
    expect(await readFile(blobPath(layout, digestOf('hello')), 'utf8')).toBe('hello');
    expect(await blobs()).toHaveLength(1);
  });

  test('keeps nothing of a blob that was given up', async () => {
    const blob = await createBlob(layout);
    await blob.write(Buffer.from('x'));
    await blob.abort();
    expect(await blobs()).toEqual([]);
  });

  test('is cleared of what a killed run left half-written', async () => {
    await writeFile(join(folder, 'blobs', 'sha256', '.partial-0123'), 'half');
    await writeFile(join(folder, '.partial-4567'), 'half');
    await createLayout(folder);
    expect(await blobs()).toEqual([]);
    expect((await readdir(folder)).sort()).toEqual(['.qemu-user-static', 'blobs', 'oci-layout']);
  });

  test('may be cleared by two runs at once', async () => {
    const leftOver = Array.from({ length: 200 }, (_, index) => `.partial-${index}`);
    for (const name of leftOver) await writeFile(join(folder, 'blobs', 'sha256', name), 'half');
    await Promise.all([createLayout(folder), createLayout(folder), createLayout(folder)]);
    expect(await blobs()).toEqual([]);
    for (const name of leftOver) await writeFile(join(folder, 'blobs', 'sha256', name), 'other');
    await Promise.all([1, 2, 3].map(() => removeOtherBlobs(layout, new Set())));
    expect(await blobs()).toEqual([]);
    for (const name of leftOver) await writeFile(join(folder, 'blobs', 'sha256', name), 'damaged');
    await Promise.all([1, 2, 3].map(() => removeBadBlobs(layout)));
    expect(await blobs()).toEqual([]);
  });

  test('has a blob that is whole still when it is given up after that', async () => {
    const blob = await createBlob(layout);
    await blob.write(Buffer.from('hello'));
    const { digest } = await blob.commit();
    await blob.abort();
    expect(await readFile(blobPath(layout, digest), 'utf8')).toBe('hello');
  });

  test.each([
    ['index.json', () => writeIndex(layout, [])],
    ['oci-layout', () => createLayout(folder)],
  ])('%s is replaced as a whole: who has it open reads the old one to its end', async (name, write) => {
    await writeFile(join(folder, name), 'the old one');
    await using reader = await open(join(folder, name));
    await write();
    expect(await reader.readFile('utf8')).toBe('the old one');
    expect(JSON.parse(await readFile(join(folder, name), 'utf8'))).toBeTypeOf('object');
  });

  test('keeps its index if the new one cannot be put in its place, and nothing half-written', async () => {
    await mkdir(join(folder, 'index.json'));
    await expect(writeIndex(layout, [])).rejects.toMatchObject({ code: 'EISDIR' });
    expect((await readdir(folder)).sort()).toEqual([
      '.qemu-user-static',
      'blobs',
      'index.json',
      'oci-layout',
    ]);
  });

  test('has a document once: one that is there is not written again, one of another size is', async () => {
    const document = documentOf(MEDIA_TYPE.manifest, { a: 1 });
    const path = blobPath(layout, document.descriptor.digest);
    await putDocument(layout, document);
    const { ino } = await stat(path);
    await putDocument(layout, document);
    expect((await stat(path)).ino).toBe(ino);
    await writeFile(path, 'cut');
    await putDocument(layout, document);
    expect(await readFile(path)).toEqual(Buffer.from(document.bytes));
  });

  test('has an index of 4 MiB at most, and none of its files stays open', async () => {
    const path = join(folder, 'index.json');
    await writeIndex(layout, []);
    const text = (await readFile(path, 'utf8')).padEnd(4 << 20);
    await writeFile(path, text);
    expect((await readIndex(layout)).manifests).toEqual([]);
    await writeFile(path, `${text} `);
    await expect(readIndex(layout)).rejects.toThrow('it has 4194305 bytes, which is too large');
    expect((await openFiles()).filter((name) => name.startsWith(folder))).toEqual([]);
  });

  test('gives its index back', async () => {
    const document = documentOf(MEDIA_TYPE.manifest, { a: 1 });
    await putDocument(layout, document);
    await writeIndex(layout, [document.descriptor]);
    expect((await readIndex(layout)).manifests).toEqual([document.descriptor]);
  });

  test.each(['index.json', 'oci-layout'])('without %s is refused', async (name) => {
    await writeIndex(layout, []);
    await rm(join(folder, name));
    await expect(readIndex(layout)).rejects.toMatchObject({
      code: 'LAYOUT_INVALID',
      message: `${folder} does not have the file ${name}`,
    });
  });

  test.each([
    ['index.json', '{'],
    ['index.json', '[]'],
    ['index.json', '{"schemaVersion": 1}'],
    ['oci-layout', '{}'],
    ['oci-layout', '{"imageLayoutVersion": "2.0.0"}'],
  ])('whose %s is %s is refused', async (name, text) => {
    await writeIndex(layout, []);
    await writeFile(join(folder, name), text);
    await expect(readIndex(layout)).rejects.toMatchObject({
      code: 'LAYOUT_INVALID',
      message: expect.stringContaining(`${join(folder, name)} cannot be read: `),
    });
  });

  test('loses the blobs that are not named', async () => {
    const kept = await write('kept');
    await write('gone');
    await removeOtherBlobs(layout, new Set([kept.digest]));
    expect(await blobs()).toEqual([kept.digest.slice('sha256:'.length)]);
  });
});

describe('damage', () => {
  test('is found, whichever way a blob differs', async () => {
    const [sound, changed, cut, missing] = [
      await write('sound'),
      await write('changed'),
      await write('cut'),
      await write('missing'),
    ];
    await writeFile(blobPath(layout, changed.digest), 'chanGed');
    await writeFile(blobPath(layout, cut.digest), 'cu');
    await removeOtherBlobs(layout, new Set([sound.digest, changed.digest, cut.digest]));
    const bad = await findBadBlobs(layout, [sound, changed, cut, missing]);
    expect(new Map(bad.map(({ digest, problem }) => [digest, problem]))).toEqual(
      new Map([
        [cut.digest, 'wrong size'],
        [missing.digest, 'missing'],
        [changed.digest, 'wrong digest'],
      ]),
    );
  });

  test('is removed, and nothing else', async () => {
    const [sound, changed] = [await write('sound'), await write('changed')];
    await writeFile(blobPath(layout, changed.digest), 'chanGed');
    expect(await removeBadBlobs(layout)).toEqual({
      removed: [changed.digest.slice('sha256:'.length)],
      sound: new Set([sound.digest]),
    });
    expect(await blobs()).toEqual([sound.digest.slice('sha256:'.length)]);
    expect(await readFile(blobPath(layout, sound.digest), 'utf8')).toBe('sound');
    expect((await readdir(folder)).sort()).toEqual(['.qemu-user-static', 'blobs', 'oci-layout']);
  });
});
