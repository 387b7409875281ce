import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { openFiles } from '@qemu-user-static/files/testing';
import { packTar } from 'modern-tar';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import {
  blobPath,
  createBlob,
  createLayout,
  END_OF_ARCHIVE,
  type Layout,
  openLayerReader,
  readLayer,
  tarEntry,
} from './index.ts';
import { LayerMembers } from './layer-members.ts';
import { readAlike } from './read-alike.ts';
import { BLOB_DAMAGE } from './testing/index.ts';

const inflated = vi.hoisted(() => [] as number[]);
const givenBack = vi.hoisted(() => [] as number[]);
vi.mock('@qemu-user-static/compression', async (original) => {
  const module = await original<typeof import('@qemu-user-static/compression')>();
  const gzipMemberAt: typeof module.gzipMemberAt = (bytes, at) => {
    inflated.push(at);
    return module.gzipMemberAt(bytes, at);
  };
  const giveBack: typeof module.giveBack = (bytes) => {
    givenBack.push(bytes.length);
    module.giveBack(bytes);
  };
  return { ...module, gzipMemberAt, giveBack };
});

const disk = vi.hoisted(() => ({ fails: false, left: 0, lengths: [] as unknown[] }));
vi.mock('node:fs', async (original) => {
  const fs = await original<typeof import('node:fs')>();
  const readSync = ((...given: Parameters<typeof fs.readSync>) => {
    if (disk.fails && disk.left-- <= 0)
      throw Object.assign(new Error('EIO: i/o error, read'), { code: 'EIO' });
    disk.lengths.push((given as unknown[])[3]);
    return fs.readSync(...given);
  }) as typeof fs.readSync;
  return { ...fs, readSync };
});

let folder: string;
let layout: Layout;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'read-alike-'));
  layout = await createLayout(join(folder, 'oci'));
});
afterAll(() => rm(folder, { recursive: true }));

const entry = (path: string, content: string) => {
  const bytes = Buffer.from(content);
  return gzipSync(Buffer.concat(tarEntry({ path, type: 'file', mode: 0o755, size: bytes.length }, bytes, 0)));
};
const FOLDER = gzipSync(
  Buffer.concat(tarEntry({ path: 'usr', type: 'directory', mode: 0o755, size: 0 }, new Uint8Array(), 0)),
);
const [ARM, MIPS, SPARC] = ['arm', 'mips', 'sparc'].map((name) => entry(`usr/${name}`, name.repeat(3000)));
const END = gzipSync(END_OF_ARCHIVE);

async function blobOf(members: readonly (Uint8Array | undefined)[]) {
  const blob = await createBlob(layout);
  for (const member of members) await blob.write(member ?? new Uint8Array());
  return { layout, digest: (await blob.commit()).digest, compression: 'gzip' } as const;
}

const ALONE = [ARM, MIPS, SPARC].map((member) => [FOLDER, member, END]);

test('layers that share members are read as each alone would be, and no member twice', async () => {
  const blobs = await Promise.all(
    [...ALONE, [FOLDER, SPARC, ARM, MIPS, END], [FOLDER, SPARC, MIPS, END]].map(blobOf),
  );
  for (const record of [inflated, givenBack, disk.lengths]) record.length = 0;
  const read = await readAlike(blobs);
  expect(inflated).toHaveLength(5);
  // The content of each, and what layers are read into.
  expect(givenBack).toHaveLength(5 + 2);
  // The smaller ones are not read whole: each of their members was in the largest.
  const sizes = ALONE.map((members) => Buffer.concat(members.flatMap((one) => one ?? [])).length);
  expect(disk.lengths.filter((length) => sizes.includes(Number(length)))).toEqual([]);
  expect((await openFiles()).filter((path) => path.startsWith(folder))).toEqual([]);
  expect(read).toEqual(await Promise.all(blobs.map(readLayer)));
});

test('a member with another beginning is not read to be compared', async () => {
  const blobs = await Promise.all(ALONE.map(blobOf));
  disk.lengths.length = 0;
  await readAlike(blobs);
  const members = [ARM, MIPS, SPARC].map((member) => member?.length);
  expect(disk.lengths.filter((length) => members.includes(Number(length)))).toEqual([]);
});

test('a member with the same beginning is another where it differs later', async () => {
  const stored = (content: string) => {
    const bytes = Buffer.from(content);
    const header = { path: 'a', type: 'file', mode: 0o755, size: bytes.length } as const;
    return gzipSync(Buffer.concat(tarEntry(header, bytes, 0)), { level: 0 });
  };
  const blobs = await Promise.all(
    ['1', '2'].map((end) => blobOf([stored(`${'x'.repeat(2000)}${end}`), END])),
  );
  expect(await readAlike(blobs)).toEqual(await Promise.all(blobs.map(readLayer)));
});

test('a layer that becomes shorter while it is read is left to who judges it', async () => {
  const blob = await blobOf([FOLDER, ARM, END]);
  const layer = await LayerMembers.open(blob);
  await truncate(blobPath(layout, blob.digest), 100);
  expect(layer.readInto(Buffer.alloc(layer.size))).toHaveLength(100);
  await layer.close();
  await rm(blobPath(layout, blob.digest));
});

test('layers in another order, with nothing in common, or twice are read too', async () => {
  const other = entry('usr/arm', 'other');
  const blobs = await Promise.all(
    [
      [FOLDER, ARM, MIPS, END],
      [FOLDER, MIPS, ARM, END],
      [other, END],
      [FOLDER, ARM, MIPS, END],
    ].map(blobOf),
  );
  expect(await readAlike(blobs)).toEqual(await Promise.all(blobs.map(readLayer)));
});

test('of none come none', async () => {
  expect(await readAlike([])).toEqual([]);
});

const cut = (member: Uint8Array | undefined) => member?.subarray(0, -1);
const changed = (member: Buffer | undefined, at: number) => {
  const copy = Buffer.from(member ?? []);
  copy.writeUInt8(copy.readUInt8(at) ^ 1, at);
  return copy;
};
const half = gzipSync(Buffer.alloc(512));
describe.each<[string, (Uint8Array | undefined)[]]>([
  ['is empty', []],
  ['has no end', [FOLDER, ARM]],
  ['has more behind its end', [FOLDER, END, ARM]],
  ['has another archive behind its end', [FOLDER, END, ARM, END]],
  ['has a member that is not of an archive', [FOLDER, gzipSync(Buffer.alloc(512, 'x')), END]],
  ['has bytes behind its end', [FOLDER, ARM, END, Buffer.from('more')]],
  ['has half an end', [FOLDER, ARM, half]],
  ['has a member that is cut', [FOLDER, cut(ARM), END]],
  ['has a last member that is cut', [FOLDER, ARM, cut(END)]],
  ['has a changed content', [FOLDER, changed(ARM, 30), END]],
  ['has a changed checksum', [FOLDER, changed(ARM, (ARM?.length ?? 0) - 8), END]],
])('a layer that %s', (_, members) => {
  test('is left to who judges it, and the others are read', async () => {
    const sound = await Promise.all(ALONE.map(blobOf));
    const odd = await blobOf(members);
    const [first, ...others] = await readAlike([odd, ...sound]);
    expect(first).toBeNull();
    await expect(readLayer(odd)).rejects.toThrow();
    expect(others).toEqual(await Promise.all(sound.map(readLayer)));
  });
});

test.each<[string, () => Promise<(Uint8Array | undefined)[]>]>([
  [
    'an entry in two members',
    async () => {
      const whole = Buffer.concat(
        tarEntry({ path: 'a', type: 'file', mode: 0o755, size: 5 }, Buffer.from('abcde'), 0),
      );
      return [gzipSync(whole.subarray(0, 600)), gzipSync(whole.subarray(600)), END];
    },
  ],
  ['an end in two members', async () => [FOLDER, half, half]],
  ['an end twice', async () => [FOLDER, MIPS, END, END]],
  [
    'attributes for what follows',
    async () => {
      const header = { name: 'a', type: 'file', size: 0, mode: 0o755, mtime: new Date(0) } as const;
      const packed = await packTar([{ header: { ...header, pax: { comment: 'x' } } }]);
      return [gzipSync(packed.subarray(0, 1024)), gzipSync(packed.subarray(1024))];
    },
  ],
])('a layer with %s is not read by members', async (_, members) => {
  const [odd, sound] = await Promise.all([blobOf(await members()), blobOf([FOLDER, ARM, END])]);
  expect(await readAlike([odd, sound])).toEqual([null, await readLayer(sound)]);
  await readLayer(odd);
});

test.each(BLOB_DAMAGE)('a layer whose file is $name keeps no other from being read', async ({ apply }) => {
  const [damaged, sound] = await Promise.all([blobOf([FOLDER, SPARC, END]), blobOf([FOLDER, ARM, END])]);
  await apply(blobPath(layout, damaged.digest));
  const [first, second] = await readAlike([damaged, sound]);
  expect(first).toBeNull();
  expect(second).toEqual(await readLayer(sound));
  await rm(blobPath(layout, damaged.digest), { recursive: true, force: true });
});

test('of a disk that fails at any time, what was read is right, and the rest is left to who reports it', async () => {
  const blobs = await Promise.all([...ALONE, [FOLDER, SPARC, ARM, MIPS, END]].map(blobOf));
  const whole = await Promise.all(blobs.map(readLayer));
  disk.fails = true;
  try {
    for (let reads = 0; reads < 40; reads++) {
      disk.left = reads;
      const read = await readAlike(blobs);
      for (const [index, layer] of read.entries()) expect([null, whole[index]]).toContainEqual(layer);
      if (reads === 0) expect(read).toEqual(blobs.map(() => null));
    }
  } finally {
    disk.fails = false;
  }
});

test('a reader gives the same of large layers', async () => {
  const large = entry('usr/large', crypto.getRandomValues(Buffer.alloc(50_000)).toString('hex'));
  const blobs = await Promise.all(
    [
      [FOLDER, large, END],
      [FOLDER, ARM, large, END],
    ].map(blobOf),
  );
  const reader = openLayerReader();
  try {
    expect(await reader.readAlike(blobs)).toEqual(await Promise.all(blobs.map(readLayer)));
  } finally {
    await reader.close();
  }
});

test('a digest that leads out of the layout is not read', async () => {
  await writeFile(join(folder, 'secret'), Buffer.concat([FOLDER, END]));
  const digest = 'sha256:../../../secret' as const;
  expect(await readAlike([{ layout, digest, compression: 'gzip' }])).toEqual([null]);
});
