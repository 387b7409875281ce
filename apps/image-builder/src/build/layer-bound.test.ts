import { mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { blobPath, createBlob, createLayout, type Layer, type Layout } from '@qemu-user-static/oci-image';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { type LayerCache, openLayerCache } from './layer-cache.ts';

// How much the cache of layers keeps.

const folder = await mkdtemp(join(tmpdir(), 'layer-bound-'));
afterAll(() => rm(folder, { recursive: true, force: true }));

const layerOf = async (layout: Layout, content: string): Promise<Layer> => {
  const blob = await createBlob(layout);
  await blob.write(Buffer.from(content));
  return { ...(await blob.commit()), compression: 'gzip', diffId: 'sha256:', createdBy: '' };
};
let layout: Layout;
let own: string;
beforeEach(async () => {
  layout = await createLayout(join(folder, crypto.randomUUID()));
  own = join(folder, crypto.randomUUID());
});
const memo = (key: string) => join(own, 'layers', '.memo', `${key}.json`);
/** Keeps 100 bytes under a key, used at a second. */
const keep = async (key: string, second: number, content = key) => {
  const opened = await openLayerCache(own, () => undefined);
  const layer = await layerOf(layout, content.repeat(100));
  await opened.keep(key, key, [layer], layout);
  await opened.close();
  await utimes(memo(key), second, second);
  return layer;
};
/** What is there after a run with a bound. */
const leftWith = async (
  bound: number,
  use: (opened: LayerCache) => Promise<unknown> = async () => undefined,
) => {
  const bounded = await openLayerCache(own, () => undefined, bound);
  await use(bounded);
  await bounded.close();
  const opened = await openLayerCache(own, () => undefined);
  const keys = [];
  for (const key of ['a', 'b', 'c']) if ((await opened.take(key, layout)) !== null) keys.push(key);
  await opened.close();
  return { keys, blobs: (await readdir(join(own, 'layers', 'sha256'))).length };
};

test.each([
  [300, ['a', 'b', 'c']],
  [299, ['b', 'c']],
  [200, ['b', 'c']],
  [199, ['c']],
  [99, []],
])('of %i bytes for three layers of 100: what was not used for longest goes first', async (bound, keys) => {
  const first = await keep('a', 1);
  await keep('b', 2);
  await keep('c', 3);
  expect(await leftWith(bound)).toEqual({ keys, blobs: keys.length });
  // Layouts keep theirs.
  expect((await readFile(blobPath(layout, first.digest))).length).toBe(100);
});

test('what was taken is used', async () => {
  await keep('a', 1);
  await keep('b', 2);
  expect((await leftWith(100, (opened) => opened.take('a', layout))).keys).toEqual(['a']);
});

test('a layer under two keys counts once', async () => {
  await keep('a', 1, 'same');
  await keep('b', 2, 'same');
  expect(await leftWith(400)).toEqual({ keys: ['a', 'b'], blobs: 1 });
});

test('a memo that cannot be read is not in the way', async () => {
  await keep('a', 1);
  await keep('b', 2);
  await writeFile(memo('broken'), '{"key":');
  expect(await leftWith(100)).toEqual({ keys: ['b'], blobs: 1 });
});
