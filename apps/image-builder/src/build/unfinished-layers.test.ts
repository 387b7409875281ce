import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { type GzipPool, openGzip, openZstd } from '@qemu-user-static/compression';
import { makeEmulators } from '@qemu-user-static/lock/testing';
import { createLayout, type Layout } from '@qemu-user-static/oci-image';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { emulatorEntry, licenseContext } from '../images/context.ts';
import { planPart } from '../images/layer-plan.ts';
import { recipeOf } from '../images/recipe.ts';
import { contextOf } from '../testing/made-release.ts';
import { lockedMade } from '../testing/packages.ts';
import { writeEmulatorLayer } from './emulator-layer.ts';
import { extractLayers } from './extract-layers.ts';
import { writeJoinedLayers } from './joined-layers.ts';
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
const emulator = (pool = gzip) =>
  writeEmulatorLayer(
    { plan: planPart(recipe, 'emulators', [emulatorEntry('arm')]), guest: 'arm', program, mtime },
    { layout, gzip: pool },
  );

test.each([0, 2, 3])('the layer of an emulator, after %i members', async (members) => {
  await expect(emulator(failingAfter(members))).rejects.toBe(full);
  expect(await files()).toEqual([]);
});

test('a small layer', async () => {
  const context = licenseContext([{ path: 'usr/share/doc/p/copyright', text: program }]);
  const small = { plan: planPart(recipe, 'licenses', context), files: context, mtime };
  const output = { layout, compressions: ['gzip'] as const, zstd };
  await expect(writeSmallLayer(small, { ...output, gzip: failingAfter(0) })).rejects.toBe(full);
  expect(await files()).toEqual([]);
});

test.each([0, 1, 2])('the layers over several emulators, after %i members', async (members) => {
  const made = await emulator();
  const before = await files();
  expect(before).toHaveLength(1);
  const entry = emulatorEntry('arm');
  const joining = {
    plan: planPart(recipe, 'emulators', [entry]),
    sourceOf: new Map([[entry.path, made]]),
    mtime,
  };
  const output = { layout, compressions, zstd, gzip: failingAfter(members) };
  await expect(writeJoinedLayers(joining, output)).rejects.toBe(full);
  expect(await files()).toEqual(before);
  const sound = await writeJoinedLayers(joining, { ...output, gzip });
  expect(sound.map(({ compression }) => compression)).toEqual(compressions);
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
