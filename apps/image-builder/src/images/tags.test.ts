import type { GuestName, HostPlatform } from '@qemu-user-static/arch-table';
import { lockOf } from '@qemu-user-static/lock/testing';
import { beforeAll, describe, expect, test } from 'vitest';
import { primaryVersion } from './tag-stems.ts';
import { planTags, type TagPlan } from './tags.ts';

const lock = lockOf({
  latest: {
    'linux/amd64': '11.1.3',
    'linux/arm64': '11.1.3',
    'linux/riscv64': '11.1.2',
    'linux/arm/v7': '10.2.2',
  },
  stable: { 'linux/amd64': '10.0.13', 'linux/arm64': '10.0.13' },
});
const guests = new Map<HostPlatform, GuestName[]>([
  ['linux/amd64', ['aarch64', 'arm']],
  ['linux/arm64', ['aarch64', 'arm']],
  ['linux/riscv64', ['aarch64', 'arm']],
  ['linux/arm/v7', ['arm']],
]);
let latest: TagPlan[];
beforeAll(() => {
  latest = planTags(lock, 'latest', guests);
});
const platformsOf = (tag: string, plans = latest) => plans.find((plan) => plan.tag === tag)?.platforms;

describe('tags of a channel', () => {
  test('the channel’s own lists every platform, with whatever version it has', () => {
    expect(platformsOf('latest')).toEqual(['linux/amd64', 'linux/arm64', 'linux/arm/v7', 'linux/riscv64']);
  });

  test('a version’s lists only the platforms that really have it', () => {
    expect(platformsOf('11.1.3')).toEqual(['linux/amd64', 'linux/arm64']);
    expect(platformsOf('11.1.2')).toEqual(['linux/riscv64']);
    expect(platformsOf('10.2.2')).toEqual(['linux/arm/v7']);
  });

  test('a shorter one lists the platforms whose version satisfies it', () => {
    expect(platformsOf('11.1')).toEqual(['linux/amd64', 'linux/arm64', 'linux/riscv64']);
    expect(platformsOf('11')).toEqual(platformsOf('11.1'));
  });

  test('shorter ones come from the version most platforms have, so 10.2.2 moves neither 10.2 nor 10', () => {
    expect(primaryVersion(lock, 'latest')).toBe('11.1.3');
    expect([platformsOf('10.2'), platformsOf('10')]).toEqual([undefined, undefined]);
  });

  test('every image of a version has a numbered one, which is immutable and counts the rebuilds that the lock knows', () => {
    const rebuilt = { ...lock, rebuilds: { '11.1.3': { number: 4, inputs: '0'.repeat(64) } } };
    const tags = planTags(rebuilt, 'latest', guests).filter(({ immutable }) => immutable);
    const namesOf = (version: string) => tags.filter((one) => one.version === version).map(({ tag }) => tag);
    expect(namesOf('11.1.3')).toEqual([
      ...['11.1.3-4', '11.1.3-4-gzip', '11.1.3-4-zstd'],
      ...['common-11.1.3-4', 'common-11.1.3-4-gzip', 'common-11.1.3-4-zstd', 'register-11.1.3-4'],
      ...['aarch64-11.1.3-4', 'x86_64-aarch64-11.1.3-4', 'aarch64-aarch64-11.1.3-4'],
      ...['arm-11.1.3-4', 'x86_64-arm-11.1.3-4', 'aarch64-arm-11.1.3-4'],
    ]);
    expect(namesOf('10.2.2')).toEqual([
      ...['10.2.2-1', '10.2.2-1-gzip', '10.2.2-1-zstd', 'register-10.2.2-1'],
      ...['arm-10.2.2-1', 'armv7l-arm-10.2.2-1'],
    ]);
  });

  test('a tag’s version is that of its platforms, or where they differ, the channel’s', () => {
    const versions = ['latest', '11.1', '10.2.2', 'armv7l-arm', 'riscv64-arm', 'arm'].map((name) => [
      name,
      latest.find(({ tag }) => tag === name)?.version,
    ]);
    expect(Object.fromEntries(versions)).toEqual({
      ...{ latest: '11.1.3', '11.1': '11.1.3', arm: '11.1.3' },
      ...{ '10.2.2': '10.2.2', 'armv7l-arm': '10.2.2', 'riscv64-arm': '11.1.2' },
    });
  });

  test('a tag’s version is the channel’s where the platform listed first has another', () => {
    const behind = lockOf({
      latest: { 'linux/amd64': '11.1.2', 'linux/arm64': '11.1.3', 'linux/riscv64': '11.1.3' },
    });
    const plans = planTags(behind, 'latest', guests);
    expect(platformsOf('latest', plans)?.[0]).toBe('linux/amd64');
    expect(plans.find(({ tag }) => tag === 'latest')?.version).toBe('11.1.3');
  });

  test('a channel of one platform with one guest has these tags and no others', () => {
    const single = lockOf({ latest: { 'linux/amd64': '11.1.3' } });
    const tags = planTags(single, 'latest', new Map([['linux/amd64', ['arm']]])).map(({ tag }) => tag);
    expect(tags).toEqual([
      ...['latest', '11.1.3', '11.1', '11', '11.1.3-1'].flatMap((tag) => [tag, `${tag}-gzip`, `${tag}-zstd`]),
      ...['register', 'register-11.1.3', 'register-11.1.3-1'],
      ...['arm', 'x86_64-arm', 'arm-11.1.3', 'x86_64-arm-11.1.3', 'arm-11.1.3-1', 'x86_64-arm-11.1.3-1'],
    ]);
  });

  test.each<[string, TagPlan['contents']]>([
    ['latest', { kind: 'all' }],
    ['11.1-zstd', { kind: 'all' }],
    ['common', { kind: 'common', guests: lock.common }],
    ['register-11.1.3', { kind: 'register' }],
    ['aarch64', { kind: 'guest', guest: 'aarch64' }],
    ['x86_64-arm', { kind: 'guest', guest: 'arm' }],
  ])('what the images of %s contain', (name, contents) => {
    expect(latest.find(({ tag }) => tag === name)?.contents).toEqual(contents);
  });

  test('guests are in the order of the alphabet, whatever order the platforms have them in', () => {
    const turned = new Map<HostPlatform, GuestName[]>([
      ['linux/amd64', ['s390x', 'arm']],
      ['linux/arm64', ['arm', 'aarch64']],
    ]);
    const unversioned = planTags(lock, 'latest', turned).map(({ tag }) => tag);
    expect(unversioned.filter((tag) => ['aarch64', 'arm', 's390x'].includes(tag))).toEqual([
      'aarch64',
      'arm',
      's390x',
    ]);
  });

  test('whole sets are in gzip and zstd, and in one of them alone under -gzip and -zstd', () => {
    expect(latest.find(({ tag }) => tag === 'latest-gzip')?.manifests).toBe('gzip');
    expect(latest.find(({ tag }) => tag === 'latest')?.manifests).toBe('gzip and zstd');
    expect(latest.find(({ tag }) => tag === 'latest-zstd')?.manifests).toBe('zstd');
    expect(latest.find(({ tag }) => tag === 'aarch64')?.manifests).toBe('gzip');
  });

  test('one guest’s lists the platforms that have it; one host’s is that image itself', () => {
    expect(platformsOf('aarch64')).toEqual(['linux/amd64', 'linux/arm64', 'linux/riscv64']);
    expect(platformsOf('aarch64-11.1.3')).toEqual(['linux/amd64', 'linux/arm64']);
    expect(latest.find(({ tag }) => tag === 'x86_64-aarch64')).toMatchObject({
      platforms: ['linux/amd64'],
      shape: 'manifest',
    });
    expect(platformsOf('armv7l-arm-10.2.2')).toEqual(['linux/arm/v7']);
  });

  test('common has tags as whole sets have, and lists the platforms that have a guest of it', () => {
    const tags = latest.filter(
      ({ contents, platforms }) => contents.kind === 'common' && platforms.length > 0,
    );
    const compressed = (tag: string) => [tag, `${tag}-gzip`, `${tag}-zstd`];
    expect(tags.map(({ tag }) => tag)).toEqual(
      ['common', 'common-11.1.3', 'common-11.1.2', 'common-11.1.3-1', 'common-11.1.2-1'].flatMap(compressed),
    );
    expect(platformsOf('common')).toEqual(['linux/amd64', 'linux/arm64', 'linux/riscv64']);
    expect(latest.find(({ tag }) => tag === 'common-zstd')?.manifests).toBe('zstd');
  });

  test('common is not there where no guest is named', () => {
    const tags = planTags({ ...lock, common: [] }, 'latest', guests).map(({ tag }) => tag);
    expect(tags.filter((tag) => tag.startsWith('common'))).toEqual([]);
  });

  test('register has a tag of its own and one a version', () => {
    expect(platformsOf('register')).toHaveLength(4);
    expect(platformsOf('register-10.2.2')).toEqual(['linux/arm/v7']);
  });

  test('what a tag promises: a version in full is exact, with its number it never moves, and no other is either', () => {
    const promised = ['latest', '11.1', '11.1.3', '11.1.3-1', 'register', 'aarch64', 'aarch64-11.1.3-1'].map(
      (name) => {
        const plan = latest.find(({ tag }) => tag === name);
        return [name, plan?.exact, plan?.immutable, plan?.edition];
      },
    );
    expect(promised).toEqual([
      ['latest', false, false, 'all'],
      ['11.1', false, false, 'own'],
      ['11.1.3', true, false, 'own'],
      ['11.1.3-1', true, true, 'own'],
      ['register', false, false, 'all'],
      ['aarch64', false, false, 'all'],
      ['aarch64-11.1.3-1', true, true, 'own'],
    ]);
  });

  test('a platform that was not built is in no tag, and a version that only it has gets none', () => {
    const some = new Map([...guests].filter(([platform]) => platform !== 'linux/arm/v7'));
    const plans = planTags(lock, 'latest', some);
    expect(plans.filter(({ platforms }) => platforms.includes('linux/arm/v7'))).toEqual([]);
    expect(plans.filter(({ tag }) => tag.includes('10.2.2'))).toEqual([]);
    expect(plans.filter(({ platforms }) => platforms.length === 0)).toEqual([]);
  });

  test('platforms are in the order of the table, whatever order the lock has', () => {
    const turned = lockOf({
      latest: { 'linux/riscv64': '11.1.3', 'linux/arm64': '11.1.3', 'linux/amd64': '11.1.3' },
    });
    const plans = planTags(turned, 'latest', guests);
    expect(platformsOf('latest', plans)).toEqual(['linux/amd64', 'linux/arm64', 'linux/riscv64']);
  });

  test('no tag is planned twice', () => {
    const tags = latest.map(({ tag }) => tag);
    expect(new Set(tags).size).toBe(tags.length);
  });
});

describe('guests of another channel’s package', () => {
  const more = new Map<HostPlatform, Map<GuestName, string>>([
    ['linux/arm/v7', new Map([['aarch64', '7.2.1']])],
  ]);
  let plans: TagPlan[];
  beforeAll(() => {
    plans = planTags(lock, 'latest', guests, more);
  });
  const planOf = (tag: string) => plans.find((plan) => plan.tag === tag);

  test('are in the tags without a version, and have their own', () => {
    expect(planOf('aarch64')?.platforms).toContain('linux/arm/v7');
    expect(planOf('armv7l-aarch64')).toMatchObject({ platforms: ['linux/arm/v7'], version: '7.2.1' });
    // Those of the platform's own package keep that version.
    expect(planOf('armv7l-arm')?.version).toBe('10.2.2');
    expect(planOf('common')?.platforms).toContain('linux/arm/v7');
  });

  test('are in no tag that names a version', () => {
    expect(plans.filter(({ tag }) => /^(armv7l-)?aarch64-10\.2\.2/.test(tag))).toEqual([]);
    expect(planOf('10.2.2')?.version).toBe('10.2.2');
  });

  test('do not give their version to tags that list other versions too', () => {
    expect(planOf('aarch64')?.version).toBe('11.1.3');
    expect(planOf('register')?.version).toBe('11.1.3');
  });
});

describe('the version that counts for a channel', () => {
  test('is that of most platforms, wherever they are in the lock', () => {
    const most = lockOf({
      latest: { 'linux/amd64': '11.1.3', 'linux/arm64': '10.2.2', 'linux/arm/v7': '10.2.2' },
    });
    expect(primaryVersion(most, 'latest')).toBe('10.2.2');
  });

  test.each([
    ['11.1.3', '10.2.2'],
    ['10.2.2', '11.1.3'],
  ])('is the newest where several tie: %s and %s', (one, two) => {
    const tied = lockOf({ latest: { 'linux/amd64': one, 'linux/arm64': two } });
    expect(primaryVersion(tied, 'latest')).toBe('11.1.3');
  });

  test('is missing in a channel without a platform', () => {
    expect(() => primaryVersion(lockOf({ latest: {} }), 'latest')).toThrow('channel latest has no platform');
  });
});

describe('between channels', () => {
  let stable: TagPlan[];
  beforeAll(() => {
    stable = planTags(lock, 'stable', guests);
  });
  type Channels = Parameters<typeof lockOf>[0];
  /** The channels of a lock that plan a tag. */
  const ownersOf = (tag: string, channels: Channels) => {
    const shared = lockOf(channels);
    return Object.keys(channels).filter((channel) =>
      planTags(shared, channel, guests).some((plan) => plan.tag === tag),
    );
  };

  test('tags without a version are of latest alone', () => {
    const names = stable.map(({ tag }) => tag);
    expect(names).toContain('stable');
    expect(names).toContain('aarch64-10.0.13');
    expect(names.filter((tag) => ['latest', 'register', 'aarch64', 'x86_64-aarch64'].includes(tag))).toEqual(
      [],
    );
  });

  test('a shorter version is of the channel with the newest of it', () => {
    expect(platformsOf('10', stable)).toEqual(['linux/amd64', 'linux/arm64']);
    const moved = lockOf({ latest: { 'linux/amd64': '10.2.0' }, stable: { 'linux/amd64': '10.0.13' } });
    const tagsOf = (channel: string) => planTags(moved, channel, guests).map(({ tag }) => tag);
    expect(tagsOf('latest')).toContain('10');
    expect(tagsOf('stable')).not.toContain('10');
    expect(tagsOf('stable')).toContain('10.0');
  });

  test.each([
    ['latest', '11.2.0', '11.1.3'],
    ['stable', '11.1.3', '11.2.0'],
  ])('11 is of %s if latest has %s and stable %s', (owner, ofLatest, ofStable) => {
    const channels = { latest: { 'linux/amd64': ofLatest }, stable: { 'linux/amd64': ofStable } };
    expect(ownersOf('11', channels)).toEqual([owner]);
  });

  test('an exact version is of the channel whose own it is', () => {
    const shared = lockOf({
      latest: { 'linux/amd64': '11.1.3', 'linux/arm64': '11.1.3', 'linux/arm/v7': '10.0.13' },
      stable: { 'linux/amd64': '10.0.13' },
    });
    expect(platformsOf('10.0.13', planTags(shared, 'latest', guests))).toBeUndefined();
    expect(platformsOf('10.0.13', planTags(shared, 'stable', guests))).toEqual(['linux/amd64']);
  });

  describe('a version that no channel is known by', () => {
    const having = (own: string) => ({
      ...{ 'linux/amd64': own, 'linux/arm64': own },
      ...{ 'linux/arm/v7': '9.0.0' },
    });

    test.each<[string, string, Channels]>([
      ['the first by name', 'a', { a: having('8.0.0'), b: having('10.0.13') }],
      ['the first by name, which the lock has last', 'a', { b: having('10.0.13'), a: having('8.0.0') }],
      ['latest', 'latest', { latest: having('11.1.3'), a: having('10.0.13') }],
      ['latest, which the lock has last', 'latest', { a: having('10.0.13'), latest: having('11.1.3') }],
      ['the one that has it', 'b', { latest: { 'linux/amd64': '11.1.3' }, b: having('10.0.13') }],
    ])('is of %s', (_, owner, channels) => {
      expect(ownersOf('9.0.0', channels)).toEqual([owner]);
    });
  });

  test('a shorter version is not of a channel whose own is another, though it has it', () => {
    const newer = lockOf({
      latest: { 'linux/amd64': '11.1.3', 'linux/arm64': '11.1.3', 'linux/arm/v7': '10.2.2' },
      stable: { 'linux/amd64': '10.0.13' },
    });
    expect(platformsOf('10', planTags(newer, 'latest', guests))).toBeUndefined();
    expect(platformsOf('10', planTags(newer, 'stable', guests))).toEqual(['linux/amd64']);
  });

  test('no two channels plan the same tag', () => {
    const names = new Set(stable.map(({ tag }) => tag));
    expect(latest.filter(({ tag }) => names.has(tag))).toEqual([]);
  });
});
