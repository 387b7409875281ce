import { hash } from 'node:crypto';
import { openHttp } from '@qemu-user-static/debian-archive';
import {
  answers,
  makeArchive,
  serve,
  type TestArchive,
  type TestArchiveOptions,
  type TestServer,
  temporaryFolder,
} from '@qemu-user-static/debian-archive/testing';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { describeChanges } from './changes.ts';
import type { LockEvent } from './events.ts';
import { formatLock, type Lock, parseLock } from './lock.ts';
import { parseSources } from './sources.ts';
import { SID } from './testing/channel.ts';
import { makeEmulators, makeShell } from './testing/packages.ts';
import { lockChannel, lockOf, type UpdateContext, update } from './update.ts';

const platforms = ['linux/amd64', 'linux/arm/v7'];
const sources = parseSources(
  JSON.stringify({ origin: 'Debian', channels: { latest: { ...SID, platforms } } }),
);

const http = openHttp({});
const servers: TestServer[] = [];
const events: LockEvent[] = [];
afterAll(async () => {
  await Promise.all([http.close(), ...servers.map((server) => server.close())]);
});
beforeEach(() => {
  events.length = 0;
});

/** An archive with these versions of QEMU for amd64 and armhf. */
async function archiveOf(
  versions: [amd64: string, armhf: string],
  options: TestArchiveOptions = {},
): Promise<TestArchive> {
  const packages = [
    await makeEmulators('linux/amd64', versions[0], ['arm']),
    await makeShell('linux/amd64'),
    await makeEmulators('linux/arm/v7', versions[1], ['arm']),
    await makeShell('linux/arm/v7'),
  ];
  return makeArchive(packages, options);
}

async function contextOf(archive: TestArchive, change: Partial<UpdateContext> = {}): Promise<UpdateContext> {
  const server = await serve(archive.files);
  servers.push(server);
  return {
    mirror: server.url,
    snapshot: new URL('snapshot/', server.url),
    cache: await temporaryFolder(),
    http,
    keys: [archive.key.trusted],
    now: new Date('2026-11-23T12:00:00Z'),
    acceptExpired: false,
    template: 'FROM scratch',
    script: '#!/bin/sh\n',
    onEvent: (event) => events.push(event),
    ...change,
  };
}

async function updated(
  before: Lock | null,
  versions: [string, string],
  options: TestArchiveOptions = {},
): Promise<Lock> {
  return update(sources, before, await contextOf(await archiveOf(versions, options)));
}
const later = { date: new Date('2026-11-22T09:00:00Z') };

describe('the first update', () => {
  test('locks each package, and the Release that vouches for it', async () => {
    const archive = await archiveOf(['11.1.3', '10.2.2']);
    const { channels, rebuilds } = await update(sources, null, await contextOf(archive));
    expect(channels.latest?.release).toEqual({
      origin: 'Debian',
      suite: 'unstable',
      codename: 'sid',
      date: '2026-11-21T09:15:44Z',
      validUntil: '2026-11-28T09:15:44Z',
      expired: false,
      signedBy: archive.key.trusted.fingerprint,
    });
    expect(channels.latest?.platforms['linux/amd64']).toMatchObject({
      version: '11.1.3',
      released: '2026-11-21T09:15:44Z',
      emulators: {
        package: 'qemu-user',
        version: '1:11.1.3+ds-1',
        architecture: 'amd64',
        files: 'usr/bin/qemu-{guest}',
      },
      shell: { package: 'busybox-static' },
    });
    expect(channels.latest?.platforms['linux/arm/v7']).toMatchObject({
      version: '10.2.2',
      emulators: { architecture: 'armhf' },
    });
    expect(Object.entries(rebuilds).map(([version, { number }]) => [version, number])).toEqual([
      ['11.1.3', 1],
      ['10.2.2', 1],
    ]);
    expect(events).toContainEqual(
      expect.objectContaining({ type: 'release-verified', channel: 'latest', expired: false }),
    );
  });
});

describe('a later update', () => {
  test('changes nothing while Debian’s packages are the same, though its Release is newer', async () => {
    const before = await updated(null, ['11.1.3', '10.2.2']);
    const now = await updated(before, ['11.1.3', '10.2.2'], later);
    expect(now).toEqual(before);
    expect(describeChanges(before, now)).toEqual([]);
  });

  test('keeps the date of a platform that did not change', async () => {
    const before = await updated(null, ['11.1.3', '10.2.2']);
    const now = await updated(before, ['11.1.4', '10.2.2'], later);
    expect(now.channels.latest?.release.date).toBe('2026-11-22T09:00:00Z');
    expect(now.channels.latest?.platforms['linux/amd64']).toMatchObject({
      version: '11.1.4',
      released: '2026-11-22T09:00:00Z',
    });
    expect(now.channels.latest?.platforms['linux/arm/v7']?.released).toBe('2026-11-21T09:15:44Z');
    expect(describeChanges(before, now)).toEqual([
      'latest linux/amd64 qemu-user: 1:11.1.3+ds-1 → 1:11.1.4+ds-1',
      'images of QEMU 11.1.4: build 1',
    ]);
  });

  test('reads a package’s guests again only where the package, or the pattern of its files, is another', async () => {
    const before = await updated(null, ['11.1.3', '10.2.2']);
    const guests = ({ channels }: Lock) => channels.latest?.platforms['linux/amd64']?.guests;
    expect(guests(before)).toEqual(['arm']);
    const remembered = structuredClone(before);
    guests(remembered)?.push('remembered');
    expect(guests(await updated(remembered, ['11.1.3', '10.2.2'], later))).toEqual(['arm', 'remembered']);
    expect(guests(await updated(remembered, ['11.1.4', '10.2.2'], later))).toEqual(['arm']);
    const { latest } = sources.channels;
    if (latest === undefined) throw new Error('no channel');
    const emulators = { ...latest.emulators, files: 'usr/bin/qemu-a{guest}' };
    const others = { ...sources, channels: { latest: { ...latest, emulators } } };
    const context = await contextOf(await archiveOf(['11.1.3', '10.2.2'], later));
    expect(guests(await update(others, remembered, context))).toEqual(['rm']);
  });

  test('raises the number of a version whose recipe changed', async () => {
    const before = await updated(null, ['11.1.3', '10.2.2']);
    const archive = await archiveOf(['11.1.3', '10.2.2']);
    const now = await update(sources, before, await contextOf(archive, { template: 'FROM scratch\n' }));
    expect(now.rebuilds['11.1.3']?.number).toBe(2);
  });

  test('numbers builds from 1 again with restartRebuilds, and forgets versions that are gone', async () => {
    const first = await updated(null, ['11.1.3', '10.2.2']);
    const rebuilds = Object.fromEntries(
      ['11.1.3', '10.2.2', '9.0.0'].map((version) => [version, { number: 7, inputs: '0'.repeat(64) }]),
    );
    const before = { ...first, rebuilds };
    const context = await contextOf(await archiveOf(['11.1.3', '10.2.2']), { restartRebuilds: true });
    const now = await update(sources, before, context);
    expect(now.rebuilds).toEqual(first.rebuilds);
    expect(now.channels).toEqual(first.channels);
    expect(describeChanges(before, now)).toContain('images of QEMU 11.1.3: build 1');
    const numberKept = {
      ...first,
      rebuilds: { ...first.rebuilds, '11.1.3': { number: 1, inputs: '0'.repeat(64) } },
    };
    expect(describeChanges(numberKept, now)).toEqual(['images of QEMU 11.1.3: build 1']);
  });

  test('takes a Release of the same date', async () => {
    const before = await updated(null, ['11.1.3', '10.2.2']);
    expect(await updated(before, ['11.1.3', '10.2.2'])).toEqual(before);
  });

  test('refuses a Release that is older than the lock’s', async () => {
    const before = await updated(null, ['11.1.3', '10.2.2'], later);
    await expect(updated(before, ['11.1.3', '10.2.2'])).rejects.toMatchObject({ code: 'RELEASE_OLDER' });
  });
});

test('a Release without Valid-Until is locked as one', async () => {
  const { channels } = await updated(null, ['11.1.3', '10.2.2'], { validUntil: null });
  expect(channels.latest?.release).toMatchObject({ validUntil: null, expired: false });
});

describe('a Release past its Valid-Until', () => {
  const now = new Date('2026-12-24T12:00:00Z');

  test('is refused', async () => {
    const context = await contextOf(await archiveOf(['11.1.3', '10.2.2']), { now });
    await expect(update(sources, null, context)).rejects.toMatchObject({ code: 'RELEASE_EXPIRED' });
  });

  test('is taken on request, and the lock says so', async () => {
    const context = await contextOf(await archiveOf(['11.1.3', '10.2.2']), { now, acceptExpired: true });
    expect((await update(sources, null, context)).channels.latest?.release.expired).toBe(true);
  });
});

describe('sources', () => {
  const copyright =
    'Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n\nFiles: *\nLicense: GPL-2\n';
  const qemu = { name: 'qemu-user', version: '1:11.1.3+ds-1', copyright };
  const key = 'qemu-user 1:11.1.3+ds-1';
  const withSource = { sources: [qemu] };

  test('are locked with their files and licences, where the suite lists them', async () => {
    const { sources } = await updated(null, ['11.1.3', '10.2.2'], withSource);
    expect(Object.keys(sources)).toEqual([key]);
    expect(sources[key]?.licenses).toEqual(['GPL-2']);
    expect(sources[key]?.files.map(({ path }) => path)).toEqual([
      'pool/main/q/qemu-user/qemu-user_11.1.3+ds-1.dsc',
      'pool/main/q/qemu-user/qemu-user_11.1.3+ds.orig.tar.xz',
      'pool/main/q/qemu-user/qemu-user_11.1.3+ds-1.debian.tar.xz',
    ]);
  });

  test('stay known when the suite no longer lists them', async () => {
    const before = await updated(null, ['11.1.3', '10.2.2'], withSource);
    expect(await updated(before, ['11.1.3', '10.2.2'], later)).toEqual(before);
  });

  test('are not looked for where all are known', async () => {
    const all = ['qemu-user 1:11.1.3+ds-1', 'qemu-user 1:10.2.2+ds-1', 'busybox-static 1:1.38.0-3'];
    const named = all.map((one) => one.split(' ')).map(([name = '', version = '']) => ({ name, version }));
    const archive = await archiveOf(['11.1.3', '10.2.2'], {
      sources: named.map((one) => ({ ...one, copyright })),
    });
    const before = await update(sources, null, await contextOf(archive));
    expect(Object.keys(before.sources)).toHaveLength(all.length);
    expect(await update(sources, before, await contextOf(archive))).toEqual(before);
    expect(servers.at(-1)?.requests.filter((request) => request.includes('/source/'))).toEqual([]);
  });

  test('are forgotten with the packages that were made from them', async () => {
    const before = await updated(null, ['11.1.3', '10.2.2'], withSource);
    expect((await updated(before, ['11.1.4', '10.2.2'], later)).sources).toEqual({});
  });

  test('that have no archive of debian/ alone have no licences that can be read', async () => {
    const native = { name: qemu.name, version: qemu.version };
    const lock = await updated(null, ['11.1.3', '10.2.2'], { sources: [native] });
    expect(lock.sources[key]).toMatchObject({ licenses: [], files: { length: 2 } });
  });

  test('of which the mirror has other bytes are refused', async () => {
    const archive = await archiveOf(['11.1.3', '10.2.2'], withSource);
    for (const [path, bytes] of archive.files)
      if (path.endsWith('.debian.tar.xz')) archive.files.set(path, Buffer.alloc(bytes.length));
    await expect(update(sources, null, await contextOf(archive))).rejects.toMatchObject({
      code: 'HASH_DIFFERS',
    });
  });

  test('that the mirror does not carry give their licences from the snapshot service', async () => {
    const archive = await archiveOf(['11.1.3', '10.2.2'], withSource);
    const files = new Map(archive.files);
    const tar = [...files.keys()].find((path) => path.endsWith('.debian.tar.xz')) ?? '';
    const bytes = Buffer.from(files.get(tar) ?? '');
    const sha1 = hash('sha1', bytes);
    files.delete(tar);
    const answer = { result: [{ hash: sha1 }], fileinfo: { [sha1]: [{ size: bytes.length }] } };
    files.set('snapshot/mr/package/qemu-user/1:11.1.3+ds-1/srcfiles?fileinfo=1', JSON.stringify(answer));
    files.set(`snapshot/file/${sha1}`, bytes);
    const lock = await update(sources, null, await contextOf({ ...archive, files }));
    expect(lock.sources[key]?.licenses).toEqual(['GPL-2']);
  });

  test('are locked without licences where that service does not answer, and it is asked no second time', async () => {
    const older = { ...qemu, version: '1:10.2.2+ds-1' };
    const archive = await archiveOf(['11.1.3', '10.2.2'], { sources: [qemu, older] });
    const poor = new Map([...archive.files].filter(([path]) => !path.endsWith('.debian.tar.xz')));
    const service = await serve();
    servers.push(service);
    for (const { name, version } of [qemu, older])
      service.faults.set(`mr/package/${name}/${version}/srcfiles?fileinfo=1`, [answers(403)]);
    const context = await contextOf({ ...archive, files: poor }, { snapshot: service.url });
    const lock = await update(sources, null, context);
    expect(Object.values(lock.sources).map(({ licenses }) => licenses)).toEqual([null, null]);
    expect(service.requests).toHaveLength(1);
  });

  test('are asked for there one by one: it may lack one and have the other', async () => {
    const older = { ...qemu, version: '1:10.2.2+ds-1' };
    const archive = await archiveOf(['11.1.3', '10.2.2'], { sources: [qemu, older] });
    const poor = new Map([...archive.files].filter(([path]) => !path.endsWith('.debian.tar.xz')));
    const context = await contextOf({ ...archive, files: poor });
    await update(sources, null, context);
    expect(servers.at(-1)?.requests.filter((request) => request.includes('srcfiles'))).toHaveLength(2);
  });

  test('of a mirror that carries none are locked anyway, without licences until another has them', async () => {
    const archive = await archiveOf(['11.1.3', '10.2.2'], withSource);
    const poor = new Map([...archive.files].filter(([path]) => !path.endsWith('.debian.tar.xz')));
    const lock = await update(sources, null, await contextOf({ ...archive, files: poor }));
    expect(lock.sources[key]).toMatchObject({ licenses: null, files: { length: 3 } });
    const again = await update(sources, parseLock(formatLock(lock)), await contextOf(archive));
    expect(again.sources[key]?.licenses).toEqual(['GPL-2']);
    expect(describeChanges(lock, again)).toEqual([`source ${key}: its licences are known now`]);
    expect(again.rebuilds).toEqual(lock.rebuilds);
  });
});

test('a mirror in the middle of an update is asked under the suite’s other name', async () => {
  const [newer, whole] = [
    await archiveOf(['11.1.4', '10.2.2'], later),
    await archiveOf(['11.1.3', '10.2.2']),
  ];
  const files = new Map([...newer.files].filter(([path]) => !path.includes('binary-armhf')));
  for (const [path, bytes] of whole.files) files.set(path.replace('dists/sid/', 'dists/unstable/'), bytes);
  const context = await contextOf({ ...newer, files }, { keys: [newer.key.trusted, whole.key.trusted] });
  const lock = await update(sources, null, context);
  expect(lock.channels.latest?.platforms['linux/amd64']?.version).toBe('11.1.3');
  expect(events).toContainEqual(
    expect.objectContaining({ type: 'note', text: expect.stringContaining('the mirror is being updated') }),
  );
});

test('the names of guests are sorted, and what no guest can be called is left out', async () => {
  const names = ['sh4', 'arm', 'm68k.bak'];
  const packages = [await makeEmulators('linux/amd64', '11.1.3', names), await makeShell('linux/amd64')];
  const { latest } = sources.channels;
  if (latest === undefined) throw new Error('no channel');
  const amd64 = { ...sources, channels: { latest: { ...latest, platforms: ['linux/amd64' as const] } } };
  const { channels } = await update(amd64, null, await contextOf(await makeArchive(packages)));
  expect(channels.latest?.platforms['linux/amd64']?.guests).toEqual(['arm', 'sh4']);
});

test('a Release by an unknown key is refused', async () => {
  const [archive, other] = [await archiveOf(['11.1.3', '10.2.2']), await archiveOf(['11.1.3', '10.2.2'])];
  const context = await contextOf(archive, { keys: [other.key.trusted] });
  await expect(update(sources, null, context)).rejects.toMatchObject({
    code: expect.stringMatching(/^RELEASE_.*KEY/),
  });
});

test('a release candidate is locked as such, and the lock is read again', async () => {
  const lock = await update(sources, null, await contextOf(await archiveOf(['11.2.0~rc1', '10.2.2'])));
  expect(parseLock(formatLock(lock)).channels.latest?.platforms['linux/amd64']?.version).toBe('11.2.0-rc1');
});

describe('what no command would read is refused', () => {
  test('with its channel, before others are asked for', async () => {
    const { latest } = sources.channels;
    if (latest === undefined) throw new Error('no channel');
    const context = await contextOf(await archiveOf(['11.2.0~git1', '10.2.2']));
    await expect(lockChannel('latest', latest, 'Debian', null, context)).rejects.toMatchObject({
      code: 'LOCK_UNREADABLE',
      message: expect.stringContaining(
        'channels.latest.platforms.linux/amd64.version: "11.2.0-git1" is not a version',
      ),
    });
  });

  test('where the channels do not fit together', async () => {
    const { channels } = await updated(null, ['11.1.3', '10.2.2']);
    const { latest } = channels;
    if (latest === undefined) throw new Error('no channel');
    const found = { latest: { ...latest, guestsFrom: { 'linux/amd64': ['stable'] }, sources: {} } };
    expect(() => lockOf(found, { common: [] }, null, { template: '', script: '' })).toThrow(
      expect.objectContaining({
        code: 'LOCK_UNREADABLE',
        message: expect.stringContaining('"latest" and "stable" do not both have linux/amd64'),
      }),
    );
  });
});
