import { describe, expect, test } from 'vitest';
import { describeChanges, packageChanges, rebuilt } from './changes.ts';
import type { Lock, LockedChannel, LockedPackage } from './lock.ts';
import { lockOf } from './testing/lock.ts';

const before = lockOf({ latest: { 'linux/amd64': '11.1.2', 'linux/s390x': '11.1.2' } });

/** A lock with one package of its first platform altered. */
function withPackage(lock: Lock, part: 'emulators' | 'shell', change: Partial<LockedPackage>): Lock {
  const copy = structuredClone(lock);
  const locked = copy.channels.latest?.platforms['linux/amd64'];
  if (locked === undefined) throw new Error('the lock has no amd64');
  locked[part] = { ...locked[part], ...change };
  return copy;
}

test('nothing differs between a lock and itself', () => {
  expect(packageChanges(before, structuredClone(before))).toEqual([]);
  expect(describeChanges(before, structuredClone(before))).toEqual([]);
});

test('without a lock before, each package is new', () => {
  expect(describeChanges(null, before)).toEqual([
    'latest linux/amd64 qemu-user: new, 1:11.1.2+ds-1',
    'latest linux/amd64 busybox-static: new, 1:1.38.0-3',
    'latest linux/s390x qemu-user: new, 1:11.1.2+ds-1',
    'latest linux/s390x busybox-static: new, 1:1.38.0-3',
    'guests of the images common: aarch64, before none',
  ]);
});

describe('a package', () => {
  test('of another version has both, and the part that it is', () => {
    const now = withPackage(before, 'shell', { version: '1:1.39.0-1' });
    expect(packageChanges(before, now)).toMatchObject([
      {
        ...{ channel: 'latest', platform: 'linux/amd64', part: 'shell' },
        ...{ before: { version: '1:1.38.0-3' }, now: { version: '1:1.39.0-1' } },
      },
    ]);
    expect(describeChanges(before, now)).toEqual([
      'latest linux/amd64 busybox-static: 1:1.38.0-3 → 1:1.39.0-1',
    ]);
  });

  test('of the same version with another hash is a change, and says so', () => {
    const now = withPackage(before, 'emulators', { sha256: 'e'.repeat(64) });
    expect(packageChanges(before, now)).toMatchObject([
      { part: 'emulators', now: { version: '1:11.1.2+ds-1' } },
    ]);
    expect(describeChanges(before, now)).toEqual([
      'latest linux/amd64 qemu-user: 1:11.1.2+ds-1, other contents under the same version',
    ]);
  });

  test('of another name is new, and the old one is gone', () => {
    const now = withPackage(before, 'emulators', { package: 'qemu-user-static' });
    expect(describeChanges(before, now)).toEqual([
      'latest linux/amd64 qemu-user-static: new, 1:11.1.2+ds-1',
      'latest linux/amd64 qemu-user: gone',
    ]);
  });

  test('of a platform that is gone comes last, with nothing for now', () => {
    const now = lockOf({ latest: { 'linux/amd64': '11.1.3' } });
    expect(describeChanges(before, now)).toEqual([
      'latest linux/amd64 qemu-user: 1:11.1.2+ds-1 → 1:11.1.3+ds-1',
      'latest linux/s390x qemu-user: gone',
      'latest linux/s390x busybox-static: gone',
    ]);
    expect(
      packageChanges(before, now).map(({ platform, part, now: next }) => [platform, part, next === null]),
    ).toEqual([
      ['linux/amd64', 'emulators', false],
      ['linux/s390x', 'emulators', true],
      ['linux/s390x', 'shell', true],
    ]);
  });
});

test('packages of a channel that is new are new', () => {
  const now = lockOf({ latest: { 'linux/amd64': '11.1.2' }, stable: { 'linux/amd64': '10.0.13' } });
  expect(describeChanges(lockOf({ latest: { 'linux/amd64': '11.1.2' } }), now)).toEqual([
    'stable linux/amd64 qemu-user: new, 1:10.0.13+ds-1',
    'stable linux/amd64 busybox-static: new, 1:1.38.0-3',
  ]);
});

describe('the channels that guests come from', () => {
  const from = (guestsFrom: LockedChannel['guestsFrom']): Lock => {
    const { latest } = before.channels;
    if (latest === undefined) throw new Error('no channel');
    return { ...before, channels: { latest: { ...latest, guestsFrom } } };
  };
  const [stable, both] = [from({ 'linux/386': ['stable'] }), from({ 'linux/386': ['stable', 'oldstable'] })];
  const sentence = 'latest linux/386: guests that its package lacks come from';

  test.each<[string, Lock, Lock, string[]]>([
    ['are named where there were none', before, stable, [`${sentence} stable, before from nowhere`]],
    ['are named where others were', stable, both, [`${sentence} stable, oldstable, before from stable`]],
    [
      'are named where there are none now',
      both,
      before,
      [`${sentence} nowhere, before from stable, oldstable`],
    ],
    ['are not named where they are the same', both, structuredClone(both), []],
  ])('%s', (_, then, now, sentences) => {
    expect(describeChanges(then, now)).toEqual(sentences);
  });
});

test('other guests of the images common are named, with those before', () => {
  const now = { ...before, common: ['aarch64', 'arm'] } as Lock;
  expect(describeChanges(before, now)).toEqual(['guests of the images common: aarch64, arm, before aarch64']);
});

describe('of a source of a package that stays', () => {
  const key = 'qemu-user 1:11.1.2+ds-1';
  const files = [{ path: 'pool/q.dsc', size: 1, sha256: 'a'.repeat(64) }];
  const withSource = (licenses: string[] | null): Lock => ({
    ...before,
    sources: { [key]: { licenses, files } },
  });

  test.each<[string, Lock, Lock, string[]]>([
    [
      'files that become known are named',
      before,
      withSource(null),
      [`source ${key}: its files are known now`],
    ],
    ['licences are', withSource(null), withSource([]), [`source ${key}: its licences are known now`]],
    ['licences that stay unknown are not', withSource(null), withSource(null), []],
    ['licences that were known are not', withSource(['MIT']), withSource(['MIT']), []],
    ['a source that is left out is not', withSource([]), before, []],
  ])('%s', (_, then, now, sentences) => {
    expect(describeChanges(then, now)).toEqual(sentences);
  });
});

describe('images of a version are made again', () => {
  const one = { number: 1, inputs: 'a'.repeat(64) };
  const withBuild = (build: typeof one): Lock => ({ ...before, rebuilds: { '11.1.2': build } });

  test.each<[string, Lock | null, Lock, object[]]>([
    ['that is new', null, withBuild(one), [{ version: '11.1.2', number: 1 }]],
    [
      'with another number',
      withBuild(one),
      withBuild({ ...one, number: 2 }),
      [{ version: '11.1.2', number: 2 }],
    ],
    [
      'of other inputs, numbered from 1 again',
      withBuild(one),
      withBuild({ ...one, inputs: 'b'.repeat(64) }),
      [{ version: '11.1.2', number: 1 }],
    ],
    ['not where both are the same', withBuild(one), withBuild(one), []],
  ])('%s', (_, then, now, versions) => {
    expect(rebuilt(then, now)).toEqual(versions);
  });

  test('and that is a sentence', () => {
    expect(describeChanges(before, withBuild(one))).toEqual(['images of QEMU 11.1.2: build 1']);
  });
});
