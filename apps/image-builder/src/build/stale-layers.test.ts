import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makePackage } from '@qemu-user-static/debian-archive/testing';
import type { Lock } from '@qemu-user-static/lock';
import { makeEmulators, makeProgram, makeShell } from '@qemu-user-static/lock/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { contextOf } from '../testing/made-release.ts';
import { lockChannels, type MadePlatform } from '../testing/packages.ts';
import { type BuildSettings, build, type FetchedChannel } from './build.ts';

// Layers of an earlier run are taken, from the layout or from the cache, only where all that they depend on is the same.

const folder = await mkdtemp(join(tmpdir(), 'stale-layers-'));
afterAll(() => rm(folder, { recursive: true, force: true }));

const AMD64 = 'linux/amd64';
interface Inputs {
  readonly own: MadePlatform;
  readonly other: MadePlatform;
  readonly settings: Partial<BuildSettings>;
  readonly sources: (sources: Lock['sources']) => Lock['sources'];
}
const emulators = (
  version: string,
  guests: string[],
  name: string,
  more: { path: string; body: string }[] = [],
) => makeEmulators(AMD64, version, guests, more, name);
let base: Inputs;
let otherShell: MadePlatform['shell'];
beforeAll(async () => {
  const shell = await makeShell(AMD64);
  otherShell = await makePackage(
    { package: 'busybox-static', version: shell.described.version, architecture: 'amd64' },
    [
      {
        path: './usr/bin/busybox',
        body: makeProgram(AMD64, 'other\n[\0[[\0sh\0\0'),
        header: { mode: 0o755 },
      },
      { path: './usr/share/doc/busybox-static/copyright', body: 'other licences' },
    ],
  );
  const own = {
    platform: AMD64,
    version: '11.1.3',
    emulators: await emulators('11.1.3', ['arm'], 'qemu-user'),
    shell,
  } as const;
  const old = await emulators('7.2', ['aarch64', 'arm', 'mips'], 'qemu-user-static');
  const other = { platform: AMD64, version: '7.2', emulators: old, shell } as const;
  base = { own, other, settings: { compressions: ['gzip'] }, sources: (sources) => sources };
});

/** Builds, and gives the key under which each kind of layers is kept. */
async function keysOf({ own, other, settings, sources }: Inputs): Promise<Record<string, string>> {
  const output = await mkdtemp(join(folder, 'oci-'));
  const channels = {
    latest: { made: [own], guestsFrom: { [AMD64]: ['oldstable'] } },
    oldstable: { made: [other] },
  };
  const { lock, fetched } = await lockChannels(channels, folder);
  const changed: FetchedChannel[] = fetched
    .filter(({ channel }) => channel === 'latest')
    .map(({ channel, platforms }) => ({
      channel,
      platforms: platforms.map((one) => ({ ...one, sources: sources(one.sources) })),
    }));
  await rm(output, { recursive: true });
  await build(lock, changed, { ...contextOf(output), ...settings });
  const names = await readdir(join(output, '.memo'));
  const keys = names.map(
    async (name): Promise<[string, string]> => [
      name.replace(/-linux-amd64-.*$/, ''),
      JSON.parse(await readFile(join(output, '.memo', name), 'utf8')).key,
    ],
  );
  return Object.fromEntries(await Promise.all(keys));
}

const copied = (part: string): Partial<BuildSettings> => {
  const { template } = contextOf('');
  return { compressions: ['gzip'], template: template.replace(`COPY ${part}/ /`, `COPY ${part}/ /opt/`) };
};
const withSettings = (settings: Partial<BuildSettings>) => async () => ({ ...base, settings });
const withOwn = (change: () => Promise<Partial<MadePlatform>>) => async () => ({
  ...base,
  own: { ...base.own, ...(await change()) },
});

let before: Record<string, string>;
beforeAll(async () => {
  before = await keysOf(base);
});

test('where one package has all guests, there is one set of layers over them', async () => {
  const { shell, ...own } = base.own;
  const { lock, fetched } = await lockChannels({ latest: { made: [{ ...own, shell }] } }, folder);
  const output = join(folder, 'one-package');
  await build(lock, fetched, contextOf(output));
  const names = (await readdir(join(output, '.memo'))).sort();
  expect(names.map((name) => name.replace(/-linux-amd64-.*$/, ''))).toEqual(['emulators', 'own', 'register']);
});

const EMULATORS = ['all', 'common-all', 'emulators', 'further', 'own'];
const ALL = [...EMULATORS, 'register'];

test.each<[string, () => Promise<Inputs>, string[]]>([
  ['nothing else', async () => base, []],
  [
    'another register program',
    withSettings({ compressions: ['gzip'], script: '#!/bin/sh\nexit\n' }),
    ['register'],
  ],
  ['other instructions', withSettings(copied('register')), ALL],
  ['another time', withSettings({ compressions: ['gzip'], sourceDateEpoch: 1_000_000_000 }), ALL],
  // Of a package of another channel there are images of one guest alone, which are in gzip.
  [
    'one more compression',
    withSettings({ compressions: ['gzip', 'zstd'] }),
    ALL.filter((name) => name !== 'further'),
  ],
  ['a later release', withOwn(async () => ({ released: '2026-12-24T18:00:00Z' })), ALL],
  [
    'a package of the same version with other files',
    withOwn(async () => ({
      emulators: await emulators('11.1.3', ['arm'], 'qemu-user', [
        { path: './usr/share/doc/more/copyright', body: 'more licences' },
      ]),
    })),
    ['all', 'emulators', 'own'],
  ],
  [
    'a guest that came from another package',
    withOwn(async () => ({ emulators: await emulators('11.1.3', ['arm', 'aarch64'], 'qemu-user') })),
    ['all', 'common-all', 'common-own', 'emulators', 'further', 'own'],
  ],
  [
    'fewer guests of another package',
    async () => ({
      ...base,
      other: { ...base.other, emulators: await emulators('7.2', ['aarch64', 'arm'], 'qemu-user-static') },
    }),
    ['all', 'further'],
  ],
  ['another shell', withOwn(async () => ({ shell: otherShell })), ['register']],
  [
    'other sources',
    async () => ({
      ...base,
      sources: (sources) =>
        Object.fromEntries(Object.entries(sources).map(([key, one]) => [key, { ...one, files: [] }])),
    }),
    ALL,
  ],
])('with %s, exactly the layers that depend on it are made again', async (_, change, expected) => {
  const keys = await keysOf(await change());
  const names = [...new Set([...Object.keys(before), ...Object.keys(keys)])].sort();
  expect(names.filter((name) => keys[name] !== before[name])).toEqual(expected);
});
