import { expect, test } from 'vitest';
import { describeChanges } from './changes.ts';
import { formatLock, parseLock } from './lock.ts';
import { emulatorPackagesOf, guestVersions } from './locked.ts';
import { parseSources } from './sources.ts';
import { SID } from './testing/channel.ts';
import { lockOf } from './testing/lock.ts';

/** sources.json whose channel `latest` takes guests for 32-bit Arm from these channels. */
function sourcesWith(
  from: readonly string[],
  platform = 'linux/arm/v7',
  platforms: Readonly<Record<string, readonly string[]>> = {},
): string {
  const channel = (name: string, emulators: { package: string; files: string }) => ({
    ...{ ...SID, emulators, platforms: platforms[name] ?? ['linux/amd64', 'linux/arm/v7'] },
  });
  const user = { package: 'qemu-user', files: 'usr/bin/qemu-{guest}' };
  const latest = { ...channel('latest', user), guestsFrom: { [platform]: from } };
  const stable = channel('stable', user);
  const oldstable = channel('oldstable', {
    ...{ package: 'qemu-user-static', files: 'usr/bin/qemu-{guest}-static' },
  });
  return JSON.stringify({ origin: 'Debian', channels: { latest, stable, oldstable } });
}

test('sources.json names the channels that guests come from', () => {
  const { channels } = parseSources(sourcesWith(['oldstable']));
  expect(channels.latest?.guestsFrom).toEqual({ 'linux/arm/v7': ['oldstable'] });
  expect(channels.oldstable?.guestsFrom).toEqual({});
});

test.each([
  [
    'a channel that does not exist',
    sourcesWith(['beta']),
    '"latest" and "beta" do not both have linux/arm/v7',
  ],
  [
    'a channel that lacks the platform',
    sourcesWith(['oldstable'], 'linux/arm/v7', { oldstable: ['linux/amd64'] }),
    '"latest" and "oldstable" do not both have linux/arm/v7',
  ],
  [
    'a channel, for a platform that the one with them lacks',
    sourcesWith(['oldstable'], 'linux/arm/v7', { latest: ['linux/amd64'] }),
    'channels.latest.guestsFrom.linux/arm/v7: "latest" and "oldstable" do not both have linux/arm/v7',
  ],
  ['itself', sourcesWith(['latest']), 'a package qemu-user is there already'],
  ['a channel with a package of that name', sourcesWith(['stable']), 'a package qemu-user is there already'],
  [
    'the same one twice',
    sourcesWith(['oldstable', 'oldstable']),
    'a package qemu-user-static is there already',
  ],
  ['none', sourcesWith([]), 'channels.latest.guestsFrom.linux/arm/v7'],
])('guests from %s are refused', (_, text, problem) => {
  expect(() => parseSources(text)).toThrow(expect.objectContaining({ code: 'SOURCES_INVALID' }));
  expect(() => parseSources(text)).toThrow(problem);
});

test('the packages of a platform are its own, then those of the channels that it names', () => {
  const lock = lockOf({
    latest: { 'linux/amd64': '11.1.3', 'linux/arm/v7': '10.2.2' },
    oldstable: { 'linux/arm/v7': '7.2' },
  });
  const before = structuredClone(lock);
  const { latest, oldstable } = lock.channels;
  const older = oldstable?.platforms['linux/arm/v7'];
  if (latest === undefined || oldstable === undefined || older === undefined) throw new Error('no channel');
  latest.guestsFrom = { 'linux/arm/v7': ['oldstable'] };
  oldstable.release = { ...oldstable.release, codename: 'bookworm' };
  expect(() => parseLock(formatLock(lock))).toThrow('a package qemu-user is there already');
  older.emulators.package = 'qemu-user-static';
  const read = parseLock(formatLock(lock));
  const named = (channel: string, platform: 'linux/amd64' | 'linux/arm/v7') =>
    emulatorPackagesOf(read, channel, platform).map(({ version, codename }) => `${version} ${codename}`);
  expect(named('latest', 'linux/arm/v7')).toEqual(['10.2.2 sid', '7.2 bookworm']);
  expect(named('latest', 'linux/amd64')).toEqual(['11.1.3 sid']);
  expect(named('oldstable', 'linux/arm/v7')).toEqual(['7.2 bookworm']);
  expect(named('oldstable', 'linux/amd64')).toEqual([]);

  const [own] = Object.values(read.channels.latest?.platforms ?? {}).filter(
    ({ version }) => version === '10.2.2',
  );
  if (own === undefined) throw new Error('no platform');
  // The table lacks cris, and i386's emulator runs i486.
  own.guests = ['arm', 'cris', 'i486'];
  expect([...guestVersions(read, 'latest', 'linux/arm/v7')]).toEqual([
    ['aarch64', '7.2'],
    ['arm', '10.2.2'],
  ]);
  expect(describeChanges(before, read)).toContain(
    'latest linux/arm/v7: guests that its package lacks come from oldstable, before from nowhere',
  );
});
