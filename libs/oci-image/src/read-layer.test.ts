import { hash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import type { Compression } from '@qemu-user-static/compression';
import { openFiles } from '@qemu-user-static/files/testing';
import { packTar } from 'modern-tar';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  blobPath,
  createBlob,
  createLayout,
  digestOf,
  END_OF_ARCHIVE,
  type Layout,
  openLayerReader,
  readFiles,
  readLayer,
  tarEntry,
} from './index.ts';
import { diffIdOf } from './read-layer.ts';
import { BLOB_DAMAGE } from './testing/index.ts';

let folder: string;
let layout: Layout;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'read-layer-'));
  layout = await createLayout(join(folder, 'oci'));
});
afterAll(() => rm(folder, { recursive: true }));

const PROGRAM = Buffer.from('\x7fELF and more');
const ENTRIES = [
  tarEntry({ path: 'usr', type: 'directory', mode: 0o755, size: 0 }, new Uint8Array(), 0),
  tarEntry({ path: 'usr/qemu', type: 'file', mode: 0o755, size: PROGRAM.length }, PROGRAM, 0),
  tarEntry({ path: 'sh', type: 'symlink', mode: 0o777, size: 0, linkname: 'usr/qemu' }, new Uint8Array(), 0),
].map((parts) => Buffer.concat(parts));
const ARCHIVE = Buffer.concat([...ENTRIES, END_OF_ARCHIVE]);
const COMPRESS = { gzip: gzipSync, zstd: zstdCompressSync } as const;

async function blobOf(bytes: Uint8Array, compression: Compression) {
  const blob = await createBlob(layout);
  await blob.write(bytes);
  const { digest } = await blob.commit();
  return { layout, digest, compression };
}

describe.each(['gzip', 'zstd'] as const)('a layer in %s', (compression) => {
  const read = async (archive: Uint8Array, more: Uint8Array = new Uint8Array()) =>
    readLayer(await blobOf(Buffer.concat([COMPRESS[compression](archive), more]), compression));

  test('is read entry by entry, with the hash of each content', async () => {
    const { diffId, entries } = await read(ARCHIVE);
    expect(diffId).toBe(digestOf(ARCHIVE));
    const common = { uid: 0, gid: 0, linkname: '', extended: false };
    const nothing = hash('sha256', '');
    expect(entries).toEqual([
      { ...common, path: 'usr', type: 'directory', mode: 0o755, size: 0, sha256: nothing },
      { ...common, path: 'usr/qemu', type: 'file', mode: 0o755, size: 13, sha256: hash('sha256', PROGRAM) },
      { ...common, path: 'sh', type: 'symlink', mode: 0o777, size: 0, linkname: 'usr/qemu', sha256: nothing },
    ]);
  });

  test('of several members in a row is read to its end', async () => {
    const parts = [ARCHIVE.subarray(0, 700), ARCHIVE.subarray(700)].map((part) =>
      COMPRESS[compression](part),
    );
    const { diffId } = await readLayer(await blobOf(Buffer.concat(parts), compression));
    expect(diffId).toBe(digestOf(ARCHIVE));
  });

  const changed = (at: number, to: number) => {
    const copy = Buffer.from(ARCHIVE);
    copy[at] = to;
    return copy;
  };
  test.each<[string, Uint8Array]>([
    ['is empty', new Uint8Array()],
    ['has no end', Buffer.concat(ENTRIES)],
    ['has half an end', Buffer.concat([...ENTRIES, new Uint8Array(512)])],
    ['ends in a header', ARCHIVE.subarray(0, 600)],
    ['ends in a content', ARCHIVE.subarray(0, 1030)],
    ['has a header whose checksum is wrong', changed(0, 0x61)],
    ['has more behind its end', Buffer.concat([ARCHIVE, ENTRIES[0] ?? new Uint8Array()])],
    ['has a gap between its entries', Buffer.concat([new Uint8Array(512), ARCHIVE])],
  ])('whose archive %s is refused', async (_, archive) => {
    await expect(read(archive)).rejects.toThrow();
  });

  test.each([
    ['other bytes', Buffer.from('garbage')],
    ['zeros', Buffer.alloc(100)],
    ['half a member', COMPRESS[compression](ARCHIVE).subarray(0, -9)],
  ])('with %s behind its end is refused', async (_, more) => {
    await expect(read(ARCHIVE, more)).rejects.toThrow();
  });

  test('that is cut is refused', async () => {
    const cut = COMPRESS[compression](ARCHIVE).subarray(0, -9);
    await expect(readLayer(await blobOf(cut, compression))).rejects.toThrow();
  });

  test('that is in the other compression is refused', async () => {
    const other = compression === 'gzip' ? 'zstd' : 'gzip';
    await expect(readLayer(await blobOf(COMPRESS[other](ARCHIVE), compression))).rejects.toThrow();
  });

  test('gives the files that are wanted, also after those that are not', async () => {
    const blob = await blobOf(COMPRESS[compression](ARCHIVE), compression);
    const found = [];
    for await (const { path, content } of readFiles(blob, (one) => one === 'usr/qemu'))
      found.push([path, Buffer.from(content).toString()]);
    expect(found).toEqual([['usr/qemu', PROGRAM.toString()]]);
  });

  test('gives files alone, whole where their content comes in pieces, and each once', async () => {
    const cuts = [0, 1030, 1033, 1040, ARCHIVE.length];
    const parts = cuts
      .slice(1)
      .map((end, index) => COMPRESS[compression](ARCHIVE.subarray(cuts[index], end)));
    const found = [];
    for await (const { path, content } of readFiles(
      await blobOf(Buffer.concat(parts), compression),
      () => true,
    ))
      found.push([path, Buffer.from(content).toString()]);
    expect(found).toEqual([['usr/qemu', PROGRAM.toString()]]);
  });

  test('whose archive is cut gives its files, and then an error', async () => {
    const cut = await blobOf(COMPRESS[compression](Buffer.concat(ENTRIES)), compression);
    await expect(Array.fromAsync(readFiles(cut, () => true))).rejects.toThrow('cut short');
  });

  test('is closed when its reader stops early', async () => {
    const blob = await blobOf(COMPRESS[compression](ARCHIVE), compression);
    for await (const _ of readFiles(blob, () => true)) break;
    await expect.poll(openFiles, { timeout: 4000 }).not.toContain(blobPath(layout, blob.digest));
  });

  test('has the digest of its archive, without a look at that', async () => {
    const blob = await blobOf(COMPRESS[compression](ARCHIVE.subarray(0, 700)), compression);
    expect(await diffIdOf(blob)).toBe(digestOf(ARCHIVE.subarray(0, 700)));
  });
});

test('attributes that a ustar header does not have are seen', async () => {
  const header = { name: 'a', type: 'file', size: 1, mode: 0o755, mtime: new Date(0) } as const;
  const pax = { 'SCHILY.xattr.security.capability': 'x' };
  const archive = await packTar([{ header: { ...header, pax }, body: 'x' }]);
  const { entries } = await readLayer(await blobOf(gzipSync(archive), 'gzip'));
  expect(entries.map(({ path, extended }) => [path, extended])).toEqual([['a', true]]);
});

test.each(BLOB_DAMAGE)('a layer that is $name ends in an error, and nothing waits', async ({ apply }) => {
  const blob = await blobOf(gzipSync(Buffer.concat([ARCHIVE, new Uint8Array(0)])), 'gzip');
  await apply(blobPath(layout, blob.digest));
  await expect(readLayer(blob)).rejects.toThrow();
  await rm(blobPath(layout, blob.digest), { recursive: true, force: true });
});

test('a reader of many layers gives the same, and the failure of one is its own', async () => {
  const sound = await blobOf(gzipSync(ARCHIVE), 'gzip');
  const broken = await blobOf(Buffer.from('broken'), 'gzip');
  const reader = openLayerReader();
  try {
    const [first, second] = await Promise.allSettled([reader.read(sound), reader.read(broken)]);
    expect(first).toEqual({ status: 'fulfilled', value: await readLayer(sound) });
    expect(second).toMatchObject({ status: 'rejected', reason: { message: 'incorrect header check' } });
  } finally {
    await reader.close();
  }
});

test('a digest that leads out of the layout is refused', async () => {
  await writeFile(join(folder, 'secret'), gzipSync(ARCHIVE));
  const digest = 'sha256:../../../secret' as const;
  await expect(readLayer({ layout, digest, compression: 'gzip' })).rejects.toMatchObject({
    code: 'LAYOUT_INVALID',
  });
});
