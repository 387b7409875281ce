import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { GuestName } from '@qemu-user-static/arch-table';
import { type GzipPool, openGzip, openZstd } from '@qemu-user-static/compression';
import { openFiles } from '@qemu-user-static/files/testing';
import { makeEmulators } from '@qemu-user-static/lock/testing';
import { blobPath, createLayout, type Layer, type Layout, readLayer } from '@qemu-user-static/oci-image';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { emulatorEntry, licenseContext } from '../images/context.ts';
import { planPart } from '../images/layer-plan.ts';
import { recipeOf } from '../images/recipe.ts';
import { contextOf } from '../testing/made-release.ts';
import { lockedMade } from '../testing/packages.ts';
import { type EmulatorLayer, writeEmulatorLayer } from './emulator-layer.ts';
import { extractLayers } from './extract-layers.ts';
import { type Joining, writeJoinedLayers } from './joined-layers.ts';
import { writeSmallLayer } from './small-layer.ts';

// A layer that cannot be written to its end leaves no file: in a run that is repeated they would fill the disk.

const folder = await mkdtemp(join(tmpdir(), 'unfinished-'));
const [gzip, zstd] = [openGzip(), openZstd()];
afterAll(async () => {
  await Promise.all([gzip.close(), zstd.close()]);
  await rm(folder, { recursive: true, force: true });
});
let layout: Layout;
beforeEach(async () => {
  layout = await createLayout(await mkdtemp(join(folder, 'oci-')));
});

const full = new Error('full');
/** Compresses so many members, then fails. */
function failingAfter(members: number): GzipPool {
  let left = members;
  return {
    ...gzip,
    member: (parts) => (left-- > 0 ? gzip.member(parts) : Promise.reject(full)),
  };
}
const files = async () => (await readdir(join(layout.folder, 'blobs', 'sha256'))).sort();

const recipe = recipeOf(contextOf('').template);
const compressions = ['gzip', 'zstd'] as const;
const mtime = 0;
const program = Buffer.from('a program');
const emulator = (pool = gzip, guest: GuestName = 'arm') =>
  writeEmulatorLayer(
    { plan: planPart(recipe, 'emulators', [emulatorEntry(guest)]), guest, program, mtime },
    { layout, gzip: pool },
  );
const joiningOf = (...made: EmulatorLayer[]): Joining => ({
  plan: planPart(
    recipe,
    'emulators',
    made.map(({ guest }) => emulatorEntry(guest)),
  ),
  sourceOf: new Map(made.map((one) => [emulatorEntry(one.guest).path, one])),
  mtime,
});
const joined = (...made: EmulatorLayer[]) =>
  writeJoinedLayers(joiningOf(...made), { layout, compressions, zstd, gzip });
const small = () => {
  const context = licenseContext([{ path: 'usr/share/doc/p/copyright', text: program }]);
  return { plan: planPart(recipe, 'licenses', context), files: context, mtime };
};

test.each([0, 2, 3])('the layer of an emulator, after %i members', async (members) => {
  await expect(emulator(failingAfter(members))).rejects.toBe(full);
  expect(await files()).toEqual([]);
});

test('a small layer', async () => {
  const output = { layout, compressions: ['gzip'] as const, zstd };
  await expect(writeSmallLayer(small(), { ...output, gzip: failingAfter(0) })).rejects.toBe(full);
  expect(await files()).toEqual([]);
});

test.each([0, 1, 2])('the layers over several emulators, after %i members', async (members) => {
  const made = await emulator();
  const before = await files();
  expect(before).toHaveLength(1);
  const joining = joiningOf(made);
  const output = { layout, compressions, zstd, gzip: failingAfter(members) };
  await expect(writeJoinedLayers(joining, output)).rejects.toBe(full);
  expect(await files()).toEqual(before);
  const sound = await writeJoinedLayers(joining, { ...output, gzip });
  expect(sound.map(({ compression }) => compression)).toEqual(compressions);
});

test.each<[string, () => Promise<Layer[]>]>([
  ['of an emulator', async () => [(await emulator()).layer]],
  ['of licences', () => writeSmallLayer(small(), { layout, compressions, zstd, gzip })],
  ['over several emulators', async () => joined(await emulator())],
])('a layer %s whose name a folder has', async (_, make) => {
  const [first] = await make();
  const path = blobPath(layout, first?.digest ?? 'sha256:');
  await rm(path);
  await mkdir(path);
  await expect(make()).rejects.toMatchObject({ code: 'EISDIR' });
  expect((await files()).filter((name) => name.startsWith('.partial-'))).toEqual([]);
});

test.each<[string, (made: EmulatorLayer) => EmulatorLayer]>([
  ['shorter', (made) => ({ ...made, size: made.size + 512 })],
  ['longer', (made) => ({ ...made, size: 0 })],
  [
    'elsewhere',
    ({ member: { offset, length }, ...made }) => ({ ...made, member: { offset: offset + 1, length } }),
  ],
])('the layers over several emulators, one of which is %s than it was', async (_, change) => {
  const made = await emulator();
  const before = await files();
  await expect(joined(change(made))).rejects.toThrow('the layer of arm has another size');
  expect(await files()).toEqual(before);
  expect((await openFiles()).filter((name) => name.startsWith(layout.folder))).toEqual([]);
});

test('layers over several emulators have the folders first, then each emulator after those like it', async () => {
  const made = [await emulator(gzip, 'arm'), await emulator(gzip, 's390x'), await emulator(gzip, 'mips')];
  const paths = (await joined(...made)).map(async ({ digest, compression }) => {
    const { entries } = await readLayer({ layout, digest, compression });
    return entries.map(({ path, size }) => `${path} ${size}`);
  });
  const expected = [
    'usr 0',
    'usr/bin 0',
    ...['s390x', 'mips', 'arm'].map((one) => `usr/bin/qemu-${one}-static 9`),
  ];
  expect(await Promise.all(paths)).toEqual([expected, expected]);
  expect((await openFiles()).filter((name) => name.startsWith(layout.folder))).toEqual([]);
});

test('those of a package that turns out to be damaged, while they are compressed', async () => {
  const made = await makeEmulators('linux/amd64', '11.1.3', ['arm']);
  const deb = join(await mkdtemp(join(folder, 'package-')), 'cut.deb');
  await writeFile(deb, made.deb.subarray(0, -100));
  const locked = lockedMade(made, 'usr/bin/qemu-{guest}');
  const slow: GzipPool = {
    ...gzip,
    member: async (parts) => {
      await setTimeout(50);
      return gzip.member(parts);
    },
  };
  const damaged = { platform: 'linux/amd64', deb, locked, mtime, isWanted: () => true } as const;
  const extracting = extractLayers(damaged, recipe, { layout, gzip: slow }, () => undefined);
  await expect(extracting).rejects.toMatchObject({ code: expect.stringMatching(/MALFORMED|DIFFERS/) });
  expect((await files()).filter((name) => name.startsWith('.partial-'))).toEqual([]);
});
