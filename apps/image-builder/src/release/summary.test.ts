import type { GuestName, HostPlatform } from '@qemu-user-static/arch-table';
import { lockOf } from '@qemu-user-static/lock/testing';
import type { Layer } from '@qemu-user-static/oci-image';
import { describe, expect, test } from 'vitest';
import type { PackageLayers, PlatformLayers } from '../build/assembling.ts';
import type { Built } from '../build/build.ts';
import type { CheckReport } from '../check/check.ts';
import type { SmokeReport } from '../check/smoke.ts';
import type { TagPlan } from '../images/tags.ts';
import { summarize } from './summary.ts';

// Each layer has a digit of its own in the sizes, so that a sum shows which layers are in it.
const REGISTER = 1;
const LICENSES = { own: 10, other: 20, common: 30, all: 40 };
const JOINED = { common: 100, own: 200, all: 300 };
const ALONE: Partial<Record<GuestName, number>> = { aarch64: 1000, arm: 2000, riscv64: 3000 };

/** A layer in both compressions; that in zstd is twice as large. */
const layer = (size = 0) =>
  [
    { compression: 'gzip', size },
    { compression: 'zstd', size: 2 * size },
  ] as Layer[];

const packageOf = (version: string, guests: GuestName[], size: number, leftOut: string[] = []) =>
  ({
    version,
    locked: { version: `1:${version}+ds-1` },
    codename: 'bullseye',
    licenses: layer(size),
    emulators: guests.map((guest) => ({ guest, layer: layer(ALONE[guest])[0] })),
    leftOut,
  }) as unknown as PackageLayers;

const set = (licenses: number, joined: number) => ({ licenses: layer(licenses), joined: layer(joined) });

const platformOf = (
  platform: HostPlatform,
  version: string,
  packages: readonly PackageLayers[],
  common: boolean,
): PlatformLayers =>
  ({
    platform,
    register: layer(REGISTER),
    locked: { version },
    packages,
    sets: {
      all: { own: set(LICENSES.own, JOINED.own), all: set(LICENSES.all, JOINED.all) },
      common: { own: null, all: common ? set(LICENSES.common, JOINED.common) : null },
    },
  }) as unknown as PlatformLayers;

/** 32-bit Arm has its own guest from an older QEMU, and one of another channel's package. */
const platforms = [
  platformOf(
    'linux/amd64',
    '11.1.3',
    [packageOf('11.1.3', ['aarch64', 'arm', 'riscv64'], LICENSES.own)],
    true,
  ),
  platformOf(
    'linux/arm64',
    '11.1.3',
    [packageOf('11.1.3', ['aarch64', 'arm', 'riscv64'], LICENSES.own, ['usr/bin/qemu-cris'])],
    false,
  ),
  platformOf(
    'linux/arm/v7',
    '10.2.2',
    [packageOf('10.2.2', ['arm'], LICENSES.own), packageOf('7.2', ['aarch64'], LICENSES.other)],
    true,
  ),
];

const plan = (tag: string, contents: TagPlan['contents'], change: Partial<TagPlan> = {}): TagPlan => ({
  tag,
  contents,
  version: '11.1.3',
  exact: false,
  manifests: 'gzip and zstd',
  platforms: ['linux/amd64', 'linux/arm/v7'],
  edition: 'all',
  shape: 'index',
  immutable: false,
  ...change,
});

const lock = lockOf({
  stable: { 'linux/amd64': '11.1.3' },
  latest: { 'linux/amd64': '11.1.3', 'linux/arm64': '11.1.3', 'linux/arm/v7': '10.2.2' },
});
const check = { tags: 1 } as CheckReport;
const smoke = [{ tag: 'latest' }] as SmokeReport[];

const summaryOf = (...plans: TagPlan[]) =>
  summarize(
    lock,
    {
      channels: [
        { channel: 'stable', platforms: platforms.slice(0, 1) },
        { channel: 'latest', platforms },
      ],
      tags: plans.map((one) => ({ plan: one, channel: 'latest', descriptor: { digest: 'sha256:1' } })),
    } as unknown as Built,
    check,
    smoke,
  );

describe('a tag', () => {
  const all = { kind: 'all' } as const;
  const register = { kind: 'register' } as const;
  const common = { kind: 'common', guests: ['aarch64'] } as const;
  const guest = { kind: 'guest', guest: 'aarch64' } as const;

  test('has its channel, digest and contents, and says whether it moves', () => {
    const { tags } = summaryOf(plan('latest', all), plan('aarch64-11.1.3-1', guest, { immutable: true }));
    expect(tags).toMatchObject([
      { tag: 'latest', channel: 'latest', contents: 'all', digest: 'sha256:1', immutable: false },
      { tag: 'aarch64-11.1.3-1', channel: 'latest', contents: 'aarch64', immutable: true },
    ]);
  });

  test.each<[string, TagPlan, string[]]>([
    [
      'all guests',
      plan('latest', all),
      ['linux/amd64 11.1.3: 3 guests, 341, 682', 'linux/arm/v7 10.2.2: 2 guests, 341, 682'],
    ],
    [
      'the guests of the own package',
      plan('10.2.2', all, { edition: 'own', platforms: ['linux/arm/v7'] }),
      ['linux/arm/v7 10.2.2: 1 guests, 211, 422'],
    ],
    [
      'common guests',
      plan('common', common),
      ['linux/amd64 11.1.3: 1 guests, 131, 262', 'linux/arm/v7 10.2.2: 1 guests, 131, 262'],
    ],
    [
      'common guests, which a host does not have',
      plan('common', common, { platforms: ['linux/arm64'] }),
      ['linux/arm64 11.1.3: 1 guests, null, null'],
    ],
    [
      'no guest',
      plan('register', register),
      ['linux/amd64 11.1.3: 0 guests, 1, 2', 'linux/arm/v7 10.2.2: 0 guests, 1, 2'],
    ],
    [
      'one guest, with the licences of the package that has it',
      plan('aarch64', guest, { manifests: 'gzip' }),
      ['linux/amd64 11.1.3: 1 guests, 1011, null', 'linux/arm/v7 10.2.2: 1 guests, 1021, null'],
    ],
    [
      'gzip alone',
      plan('latest-gzip', all, { manifests: 'gzip', platforms: ['linux/amd64'] }),
      ['linux/amd64 11.1.3: 3 guests, 341, null'],
    ],
    [
      'zstd alone',
      plan('latest-zstd', all, { manifests: 'zstd', platforms: ['linux/amd64'] }),
      ['linux/amd64 11.1.3: 3 guests, null, 682'],
    ],
  ])('of %s has these sizes on each of its hosts', (_, one, expected) => {
    const [tag] = summaryOf(one).tags;
    expect(
      tag?.platforms.map(
        ({ platform, version, guests, gzip, zstd }) =>
          `${platform} ${version}: ${guests} guests, ${gzip}, ${zstd}`,
      ),
    ).toEqual(expected);
  });
});

test('each host has its package, with the guests of others apart', () => {
  const own = {
    channel: 'latest',
    version: '11.1.3',
    debianVersion: '1:11.1.3+ds-1',
    guests: ['aarch64', 'arm', 'riscv64'],
    others: [],
  };
  expect(summaryOf().platforms).toEqual([
    { ...own, channel: 'stable', platform: 'linux/amd64' },
    { ...own, platform: 'linux/amd64' },
    { ...own, platform: 'linux/arm64' },
    {
      channel: 'latest',
      platform: 'linux/arm/v7',
      version: '10.2.2',
      debianVersion: '1:10.2.2+ds-1',
      guests: ['arm'],
      others: [{ version: '7.2', debianVersion: '1:7.2+ds-1', guests: ['aarch64'] }],
    },
  ]);
});

test('what is older, of another package, lacking or left out is noted', () => {
  expect(summaryOf().notes).toEqual([
    'linux/arm64: left out, for the table does not have them: usr/bin/qemu-cris',
    'linux/arm/v7 has QEMU 10.2.2, the newest that Debian sid has for it: it is in latest and 10.2.2, not in 11.1.3',
    'linux/arm/v7 has guests that its own package lacks from QEMU 7.2 of Debian bullseye, in latest and not in 10.2.2: aarch64',
    'linux/arm/v7 has 2 guests; Debian’s package for it lacks riscv64',
  ]);
});

test('what was checked and tried is passed on', () => {
  expect(summaryOf()).toMatchObject({ check, smoke });
});
