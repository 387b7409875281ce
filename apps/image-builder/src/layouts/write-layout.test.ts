import { mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { blobPath, type Digest, walkLayout } from '@qemu-user-static/oci-image';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { smallSet } from '../testing/small-set.ts';
import { blobsOf, documentIn, type ImageSet, withTags } from './image-set.ts';
import { writeImages } from './write-layout.ts';

const folder = await mkdtemp(join(tmpdir(), 'write-layout-'));
afterAll(() => rm(folder, { recursive: true, force: true }));
let set: ImageSet;
beforeAll(async () => {
  set = await smallSet(join(folder, 'from'));
});
let output: string;
beforeEach(async () => {
  output = await mkdtemp(join(folder, 'to-'));
  await rm(output, { recursive: true });
});

const hexOf = (digest: string) => digest.replace('sha256:', '');
const blobsIn = async (layout = output) => (await readdir(join(layout, 'blobs', 'sha256'))).sort();
const expected = (of = set) => [...of.documents.keys(), ...blobsOf(of).keys()].map(hexOf).sort();
const indexIn = async () => JSON.parse(await readFile(join(output, 'index.json'), 'utf8'));

describe('a layout that is written', () => {
  test('has every tag in order, everything below, and nothing else', async () => {
    await writeImages(set, output);
    const { manifests } = await indexIn();
    const named = manifests.map(({ annotations, digest, platform }: Record<string, unknown>) => [
      (annotations as Record<string, string>)['org.opencontainers.image.ref.name'],
      digest,
      platform !== undefined,
    ]);
    expect(named).toEqual(
      [...set.tags]
        .map(({ tag, digest, shape }) => [tag, digest, shape === 'manifest'])
        .sort(([a = ''], [b = '']) => (a < b ? -1 : 1)),
    );
    expect(await blobsIn()).toEqual(expected());
    expect((await walkLayout({ folder: output })).problems).toEqual([]);
  });

  test('again keeps the files that are sound, and removes those of an earlier set', async () => {
    await writeImages(set, output);
    const [kept = 'sha256:'] = [...blobsOf(withTags(set, (tag) => tag === 'armv7l-arm')).keys()];
    const before = await stat(blobPath({ folder: output }, kept));
    const fewer = withTags(set, (tag) => tag.startsWith('armv7l-arm'));
    await writeImages(fewer, output);
    expect(await blobsIn()).toEqual(expected(fewer));
    expect((await stat(blobPath({ folder: output }, kept))).ino).toBe(before.ino);
  });

  test.each<[string, () => Digest]>([
    ['a blob', () => [...blobsOf(set).keys()][1] ?? 'sha256:'],
    ['a document', () => documentIn(set, set.tags[0]?.digest ?? 'sha256:').descriptor.digest],
  ])('again repairs %s', async (_, digestOf) => {
    await writeImages(set, output);
    const path = blobPath({ folder: output }, digestOf());
    const bytes = await readFile(path);
    await writeFile(path, Buffer.alloc(bytes.length));
    await writeImages(set, output);
    expect(await readFile(path)).toEqual(bytes);
  });
});

describe('a blob that', () => {
  let damaged: ImageSet;
  let from: string;
  let digest: Digest;
  beforeEach(async () => {
    from = await mkdtemp(join(folder, 'damaged-'));
    damaged = await smallSet(from);
    [digest = 'sha256:'] = [...blobsOf(damaged).keys()].slice(3);
  });

  test.each<[string, (path: string) => Promise<unknown>, string]>([
    ['was altered', async (path) => writeFile(path, Buffer.alloc((await stat(path)).size)), 'BLOB_DAMAGED'],
    ['was cut', (path) => truncate(path, 1), 'BLOB_DAMAGED'],
    ['is gone', (path) => rm(path), 'BLOB_MISSING'],
  ])('%s where it comes from is named, and no tag is there', async (_, damage, code) => {
    await damage(blobPath({ folder: from }, digest));
    await expect(writeImages(damaged, output)).rejects.toMatchObject({
      code,
      message: expect.stringContaining(digest),
    });
    expect(await readdir(output)).not.toContain('index.json');
    expect((await blobsIn()).filter((name) => name.startsWith('.'))).toEqual([]);
    // The next run goes on from there.
    await writeImages(set, output);
    expect(await blobsIn()).toEqual(expected());
  });

  test('no layout has is a bug', async () => {
    await expect(writeImages({ ...damaged, layoutOf: new Map() }, output)).rejects.toThrow(RangeError);
  });
});
