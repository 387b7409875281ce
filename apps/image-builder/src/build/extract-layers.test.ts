import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { type GzipPool, openGzip } from '@qemu-user-static/compression';
import { makeEmulators } from '@qemu-user-static/lock/testing';
import { createLayout } from '@qemu-user-static/oci-image';
import { afterAll, expect, test, vi } from 'vitest';
import { recipeOf } from '../images/recipe.ts';
import type { BuilderEvent } from '../report/events.ts';
import { contextOf } from '../testing/made-release.ts';
import { lockedMade } from '../testing/packages.ts';
import { extractLayers } from './extract-layers.ts';

// A package in layers of one emulator each, on a machine of two cores.

vi.mock('node:os', async (original) => ({
  ...(await original<typeof import('node:os')>()),
  availableParallelism: () => 2,
}));

const folder = await mkdtemp(join(tmpdir(), 'extract-layers-'));
const gzip = openGzip();
afterAll(async () => {
  await gzip.close();
  await rm(folder, { recursive: true, force: true });
});

const PLATFORM = 'linux/amd64';
/** In an order that is not the table's. */
const GUESTS = ['x86_64', 's390x', 'cris', 'mips', 'arm', 'aarch64', 'alpha'];
const recipe = recipeOf(contextOf('').template);

async function extract(pool: GzipPool, isWanted: (guest: string) => boolean = () => true) {
  const made = await makeEmulators(PLATFORM, '11.1.3', GUESTS);
  const own = await mkdtemp(join(folder, 'package-'));
  const deb = join(own, 'p.deb');
  await writeFile(deb, made.deb);
  const locked = lockedMade(made, 'usr/bin/qemu-{guest}');
  const layout = await createLayout(join(own, 'oci'));
  const events: BuilderEvent[] = [];
  const extracted = await extractLayers(
    { platform: PLATFORM, deb, locked, mtime: 0, isWanted },
    recipe,
    { layout, gzip: pool },
    (event) => events.push(event),
  );
  return { ...extracted, events, guests: extracted.emulators.map(({ guest }) => guest) };
}

const SORTED = ['aarch64', 'alpha', 'arm', 'mips', 's390x', 'x86_64'];

test('emulators come in the order of the table, whatever that of the package', async () => {
  const { guests, leftOut, licenses, events } = await extract(gzip);
  expect(guests).toEqual(SORTED);
  expect(leftOut).toEqual(['usr/bin/qemu-cris']);
  expect(licenses.map(({ path }) => path)).toEqual(['usr/share/doc/qemu-user/copyright']);
  const done = events.map((event) =>
    event.type === 'emulator-done' ? `${event.platform} ${event.guest}` : '',
  );
  expect(done.sort()).toEqual(SORTED.map((guest) => `${PLATFORM} ${guest}`));
});

test('those that are not wanted are left out', async () => {
  const { guests, events } = await extract(gzip, (guest) => guest === 'arm' || guest === 'alpha');
  expect(guests).toEqual(['alpha', 'arm']);
  expect(events).toHaveLength(2);
});

test('as many lie in memory as there are cores, and no more', async () => {
  let [active, most] = [0, 0];
  const counting: GzipPool = {
    ...gzip,
    async member(parts) {
      most = Math.max(most, ++active);
      await setImmediate();
      const member = await gzip.member(parts);
      active--;
      return member;
    },
  };
  expect((await extract(counting)).guests).toEqual(SORTED);
  expect(most).toBe(2);
});
