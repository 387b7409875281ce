import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type FetchContext, openHttp } from '@qemu-user-static/debian-archive';
import { serve, type TestPackage, type TestServer } from '@qemu-user-static/debian-archive/testing';
import type { Lock, LockedPackage } from '@qemu-user-static/lock';
import { makeEmulators, makeShell } from '@qemu-user-static/lock/testing';
import { renderRegisterScript } from '@qemu-user-static/register';
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { lockChannels } from '../testing/packages.ts';
import { fetch, select } from './fetch.ts';
import { lockedPackages } from './packages.ts';
import { proofOf } from './proof.ts';

const folder = await mkdtemp(join(tmpdir(), 'fetch-'));
const http = openHttp({});
afterAll(async () => {
  await http.close();
  await rm(folder, { recursive: true, force: true });
});

const [AMD64, ARM] = ['linux/amd64', 'linux/arm/v7'] as const;
let lock: Lock;
let made: Record<'amd64' | 'arm' | 'old' | 'shell' | 'armShell', TestPackage>;
beforeAll(async () => {
  made = {
    amd64: await makeEmulators(AMD64, '11.1.3', ['aarch64', 'arm']),
    arm: await makeEmulators(ARM, '10.2.2', ['arm']),
    old: await makeEmulators(ARM, '7.2', ['aarch64'], [], 'qemu-user-static'),
    shell: await makeShell(AMD64),
    armShell: await makeShell(ARM),
  };
  const arm = { platform: ARM, shell: made.armShell };
  const latest = {
    made: [
      { platform: AMD64, version: '11.1.3', emulators: made.amd64, shell: made.shell },
      { ...arm, version: '10.2.2', emulators: made.arm },
    ],
    guestsFrom: { [ARM]: ['oldstable'] },
  };
  const oldstable = { made: [{ ...arm, version: '7.2', emulators: made.old }] };
  ({ lock } = await lockChannels({ latest, oldstable }, folder));
});

/** A mirror with every package, and an empty cache. */
let server: TestServer;
let context: FetchContext;
beforeEach(async () => {
  server = await serve(Object.values(made).map(({ described, deb }) => [described.path, deb] as const));
  const cache = await mkdtemp(join(folder, 'cache-'));
  await mkdir(join(cache, 'sha256'));
  context = { mirror: server.url, snapshot: new URL('http://127.0.0.1:1/'), cache, http };
  onTestFinished(server.close);
});
const inCache = ({ described }: TestPackage) => join(context.cache, 'sha256', described.sha256);
const asked = (...packages: TestPackage[]) => packages.map(({ described }) => `GET ${described.path}`).sort();

describe('fetch', () => {
  test('brings the packages of the platforms that are asked for, and no others', async () => {
    const [channel, ...more] = await fetch(lock, { channels: ['latest'], platforms: [AMD64] }, context);
    expect([channel?.channel, more]).toEqual(['latest', []]);
    expect(channel?.platforms.map(({ platform }) => platform)).toEqual([AMD64]);
    expect(server.requests.sort()).toEqual(asked(made.amd64, made.shell));
    const [found] = channel?.platforms ?? [];
    expect([await found?.packages[0]?.deb(), await found?.shellDeb()]).toEqual([
      inCache(made.amd64),
      inCache(made.shell),
    ]);
    expect(await readFile(inCache(made.amd64))).toEqual(made.amd64.deb);
    // Who asks for them later does not fetch them again.
    expect(server.requests).toHaveLength(2);
  });

  test('without platforms brings those of all, with the packages of other channels, its own first', async () => {
    const [channel] = await fetch(lock, { channels: ['latest'], platforms: [] }, context);
    const named = channel?.platforms.map(({ platform, packages }) => [
      platform,
      ...packages.map(({ version }) => version),
    ]);
    expect(named).toEqual([
      [AMD64, '11.1.3'],
      [ARM, '10.2.2', '7.2'],
    ]);
    expect(server.requests.sort()).toEqual(asked(...Object.values(made)));
  });

  test('brings a package of two channels once', async () => {
    const channels = await fetch(lock, { channels: ['latest', 'oldstable'], platforms: [ARM] }, context);
    expect(channels.map(({ channel }) => channel)).toEqual(['latest', 'oldstable']);
    expect(server.requests.sort()).toEqual(asked(made.arm, made.old, made.armShell));
  });

  test('leaves what is in the cache; it is looked at when it is used, and fetched again if it is damaged', async () => {
    await writeFile(inCache(made.shell), made.shell.deb);
    await writeFile(inCache(made.amd64), Buffer.alloc(made.amd64.deb.length));
    const [channel] = await fetch(lock, { channels: ['latest'], platforms: [AMD64] }, context);
    expect(server.requests).toEqual([]);
    const [found] = channel?.platforms ?? [];
    await found?.shellDeb();
    expect(server.requests).toEqual([]);
    expect(await readFile((await found?.packages[0]?.deb()) ?? '')).toEqual(made.amd64.deb);
    expect(server.requests).toEqual(asked(made.amd64));
  });

  test('brings what has another size', async () => {
    await writeFile(inCache(made.shell), made.shell.deb);
    await writeFile(inCache(made.amd64), made.amd64.deb.subarray(1));
    await fetch(lock, { channels: ['latest'], platforms: [AMD64] }, context);
    expect(server.requests).toEqual(asked(made.amd64));
    expect(await readFile(inCache(made.amd64))).toEqual(made.amd64.deb);
  });
});

describe('the part of the lock that is meant', () => {
  test('is named: a channel or a platform that is not there is an error, before anything is fetched', async () => {
    await expect(fetch(lock, { channels: ['beta'], platforms: [] }, context)).rejects.toMatchObject({
      code: 'CHANNEL_UNKNOWN',
    });
    await expect(
      fetch(lock, { channels: ['latest', 'oldstable'], platforms: [AMD64] }, context),
    ).rejects.toMatchObject({
      code: 'PLATFORM_UNAVAILABLE',
      message: `channel oldstable has no ${AMD64}; it has ${ARM}`,
    });
    expect(server.requests).toEqual([]);
  });

  test('keeps the order of the lock', () => {
    const [channel] = select(lock, { channels: ['latest'], platforms: [ARM, AMD64] });
    expect(channel?.platforms.map(([platform]) => platform)).toEqual([AMD64, ARM]);
  });
});

test('images are compared with the lock, this checkout and the packages; what is found is kept in the cache', async () => {
  const proof = proofOf(lock, {
    template: 'FROM scratch',
    archive: context,
    source: 'https://example.org/o/r',
  });
  expect(proof).toMatchObject({
    ...{ lock, template: 'FROM scratch', memory: context.cache },
    script: renderRegisterScript('https://example.org/o/r'),
  });
  const { emulators } = lock.channels.latest?.platforms[AMD64] ?? {};
  expect([...(await proof.packages.contentsOf(emulators as LockedPackage)).keys()]).toContain(
    'usr/bin/qemu-arm',
  );
});

describe('the contents of a package', () => {
  const lockedOf = (platform: typeof AMD64 | typeof ARM) => {
    const locked = lock.channels.latest?.platforms[platform];
    if (locked === undefined) throw new Error(`no ${platform}`);
    return locked;
  };
  const contents = (locked: LockedPackage) => lockedPackages(context).contentsOf(locked);
  const FILES = [
    'usr/bin/qemu-aarch64',
    'usr/bin/qemu-arm',
    'usr/share/doc/qemu-user/README.Debian',
    'usr/share/doc/qemu-user/copyright',
  ];

  test('are the hashes of its files, links left out', async () => {
    const found = await contents(lockedOf(AMD64).emulators);
    expect([...found.keys()].sort()).toEqual(FILES);
    expect(new Set(found.values()).size).toBe(FILES.length);
    for (const sha256 of found.values()) expect(sha256).toMatch(/^[0-9a-f]{64}$/);
  });

  test('are read once, and later without the package', async () => {
    const { emulators } = lockedOf(AMD64);
    const packages = lockedPackages(context);
    const [first, second] = await Promise.all([
      packages.contentsOf(emulators),
      packages.contentsOf(emulators),
    ]);
    expect(second).toBe(first);
    expect(server.requests).toHaveLength(1);
    await rm(inCache(made.amd64));
    expect(await contents(emulators)).toEqual(first);
    expect(server.requests).toHaveLength(1);
  });

  test.each([
    ['half a record', (text: string) => text.slice(0, -5)],
    ['a record with another hash', (text: string) => text.replace(/[0-9a-f]{64}"\]/, `${'0'.repeat(64)}"]`)],
    ['the record of another package', (_: string, other: string) => other],
  ])('are read again where there is %s', async (_, change) => {
    const { emulators } = lockedOf(AMD64);
    const [first] = [await contents(emulators), await contents(lockedOf(ARM).emulators)];
    const [record, other] = [made.amd64, made.arm].map(({ described: { sha256 } }) =>
      join(context.cache, 'sha256', '.memo', `contents-${sha256}.json`),
    ) as [string, string];
    await writeFile(record, change(await readFile(record, 'utf8'), await readFile(other, 'utf8')));
    await rm(inCache(made.amd64));
    expect(await contents(emulators)).toEqual(first);
    expect(server.requests).toHaveLength(3);
  });

  test('are given where no record can be kept', async () => {
    await writeFile(join(context.cache, 'sha256', '.memo'), 'in the way');
    expect([...(await contents(lockedOf(AMD64).emulators)).keys()].sort()).toEqual(FILES);
  });

  test('are those of each package, and the shell is that of each', async () => {
    const packages = lockedPackages(context);
    const [amd64, arm] = [lockedOf(AMD64), lockedOf(ARM)];
    expect([...(await packages.contentsOf(arm.emulators)).keys()]).not.toContain('usr/bin/qemu-aarch64');
    expect([...(await packages.contentsOf(amd64.emulators)).keys()]).toContain('usr/bin/qemu-aarch64');
    const shells = [await packages.shellOf(amd64.shell, AMD64), await packages.shellOf(arm.shell, ARM)];
    expect(shells.map(({ licenses }) => licenses.map(({ path }) => path))).toEqual(
      Array(2).fill(['usr/share/doc/busybox-static/copyright']),
    );
    expect(shells[0]?.program).not.toEqual(shells[1]?.program);
    await expect(packages.shellOf(amd64.shell, AMD64)).resolves.toBe(shells[0]);
  });
});
