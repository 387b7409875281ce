import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { HostPlatform } from '@qemu-user-static/arch-table';
import { type Lock, type LockedChannel, type PackageChange, readLock } from '@qemu-user-static/lock';
import { walkLayout } from '@qemu-user-static/oci-image';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { BuildInputs } from '../build/inputs.ts';
import { buildInputs } from '../commands/environment.ts';
import { platformName } from '../images/platforms.ts';
import { type MadeCheckout, madeCheckout } from '../testing/made-checkout.ts';
import { prove } from './prove.ts';

const folder = await mkdtemp(join(tmpdir(), 'prove-'));
let checkout: MadeCheckout;
let lock: Lock;
let inputs: BuildInputs;
beforeAll(async () => {
  checkout = await madeCheckout(folder);
  lock = await readLock(checkout.environment.paths.lock);
  inputs = await buildInputs(checkout.environment);
});
afterAll(async () => {
  await checkout.environment.close();
  await rm(folder, { recursive: true });
});
let output: string;
beforeEach(async () => {
  output = await mkdtemp(join(folder, 'layouts-'));
});

const changed = (
  platform: HostPlatform,
  part: PackageChange['part'] = 'emulators',
  now: PackageChange['now'] = lock.channels.latest?.platforms['linux/amd64']?.emulators ?? null,
): PackageChange => ({ channel: 'latest', platform, part, before: null, now });

/** The lock with a second channel, which takes guests of the first for these platforms. */
const withTaker = (...platforms: HostPlatform[]): Lock => {
  const guestsFrom = Object.fromEntries(platforms.map((platform) => [platform, ['latest']]));
  const stable = { ...(lock.channels.latest as LockedChannel), guestsFrom };
  return { ...lock, channels: { ...lock.channels, stable } };
};

test('the images of the platforms that changed are built and checked, and no others', async () => {
  const changes = [
    changed('linux/amd64'),
    changed('linux/amd64', 'shell'),
    changed('linux/arm/v7', 'emulators', null),
  ];
  const proofs = await prove(lock, changes, output, inputs);
  const { tags, images } = await walkLayout({ folder: join(output, 'latest') });
  expect(proofs).toMatchObject([{ channel: 'latest', failure: null, check: { tags: tags.length } }]);
  expect([...new Set(images.map(({ config }) => platformName(config)))]).toEqual(['linux/amd64']);
  // zstd would prove nothing more.
  expect([...new Set(images.flatMap(({ layers }) => layers.map((one) => one.compression)))]).toEqual([
    'gzip',
  ]);
});

test('what is gone alone needs no proof', async () => {
  expect(await prove(lock, [changed('linux/amd64', 'emulators', null)], output, inputs)).toEqual([]);
});

test.each<[string, HostPlatform[], PackageChange['part'], string[]]>([
  ['proven with emulators that it takes', ['linux/amd64'], 'emulators', ['latest', 'stable']],
  ['not proven with those of another platform', ['linux/arm64'], 'emulators', ['latest']],
  ['not proven with a shell, which it does not take', ['linux/amd64'], 'shell', ['latest']],
])('a channel that takes guests is %s', async (_, platforms, part, channels) => {
  const proofs = await prove(withTaker(...platforms), [changed('linux/amd64', part)], output, inputs);
  expect(proofs.map(({ channel }) => channel)).toEqual(channels);
});

test('a build that fails is a result, and the next channel is built', async () => {
  const stable = { ...changed('linux/amd64'), channel: 'stable' };
  const proofs = await prove(
    withTaker(),
    [{ ...stable, platform: 'linux/riscv64' }, changed('linux/amd64')],
    output,
    inputs,
  );
  expect(proofs).toMatchObject([
    { channel: 'stable', check: null, failure: expect.stringMatching(/^PLATFORM_UNAVAILABLE: /) },
    { channel: 'latest', failure: null },
  ]);
});

test('a fault of our own is none', async () => {
  const onEvent = () => {
    throw new TypeError('a bug');
  };
  await expect(prove(lock, [changed('linux/amd64')], output, { ...inputs, onEvent })).rejects.toThrow(
    'a bug',
  );
});
