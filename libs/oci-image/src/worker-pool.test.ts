import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { openBlobCache } from './blob-cache.ts';
import {
  blobPath,
  createLayout,
  digestOf,
  type LayerBlob,
  type LayerReader,
  type Layout,
  openLayerReader,
  removeBadBlobs,
} from './index.ts';
import { BlobHasher } from './verify-blobs.ts';

/** What workers were asked for. */
const asked = vi.hoisted(() => [] as string[]);
vi.mock('./worker-pool.ts', async (original) => ({
  ...(await original<typeof import('./worker-pool.ts')>()),
  WorkerPool: class {
    async run(_: unknown, name = 'default') {
      asked.push(name);
    }
    async close() {
      asked.push('closed');
    }
  },
}));

let folder: string;
let layout: Layout;
beforeEach(async () => {
  asked.length = 0;
  folder = await mkdtemp(join(tmpdir(), 'worker-pool-'));
  layout = await createLayout(join(folder, 'oci'));
});
afterEach(() => rm(folder, { recursive: true }));

const SMALL = 65_536;
async function blobOf(size: number): Promise<LayerBlob> {
  const digest = digestOf(String(size));
  await writeFile(blobPath(layout, digest), Buffer.alloc(size));
  return { layout, digest, compression: 'gzip' };
}

type Read = (reader: LayerReader, blob: LayerBlob, other: LayerBlob) => Promise<unknown>;

test.each<[string, number, Read, string]>([
  ['a layer', 0, (reader, blob) => reader.read(blob), 'default'],
  ['the digest of a layer', 0, (reader, blob) => reader.diffIdOf(blob), 'diffIdOf'],
  ['layers that are alike', 100, (reader, ...blobs) => reader.readAlike(blobs), 'readAlike'],
])('%s: a worker reads what has more than 64 KiB in all', async (_, ofOther, read, name) => {
  const reader = openLayerReader();
  const other = await blobOf(ofOther);
  // The bytes are no archive, which is an error where they are read here.
  await read(reader, await blobOf(SMALL - ofOther), other).catch(() => undefined);
  expect(asked).toEqual([]);
  await read(reader, await blobOf(SMALL - ofOther + 1), other);
  expect(asked).toEqual([name]);
  await reader.close();
  expect(asked).toEqual([name, 'closed']);
});

test('a layer that is missing is not left to a worker', async () => {
  const reader = openLayerReader();
  const read = reader.read({ layout, digest: digestOf('missing'), compression: 'gzip' });
  await expect(read).rejects.toMatchObject({ code: 'BLOB_MISSING' });
  expect(asked).toEqual([]);
});

test('a blob is hashed by a worker where it has more than 64 KiB', async () => {
  const hasher = new BlobHasher();
  const [small, large] = [await blobOf(SMALL), await blobOf(SMALL + 1)];
  expect(await hasher.hash(blobPath(layout, small.digest))).toBe(digestOf(Buffer.alloc(SMALL)));
  expect(asked).toEqual([]);
  await hasher.hash(blobPath(layout, large.digest));
  await hasher.close();
  expect(asked).toEqual(['default', 'closed']);
});

test('a blob that is missing has no digest', async () => {
  expect(await new BlobHasher().hash(blobPath(layout, digestOf('missing')))).toBeNull();
  expect(asked).toEqual([]);
});

test('workers end with what they were begun for', async () => {
  await removeBadBlobs(layout);
  expect(asked).toEqual(['closed']);
  const cache = await openBlobCache(join(folder, 'cache'));
  await cache.close();
  expect(asked).toEqual(['closed', 'closed']);
});
