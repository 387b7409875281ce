import type { EarlyPackage, Lock } from '@qemu-user-static/lock';
import { lockOf, RELEASE } from '@qemu-user-static/lock/testing';
import { describe, expect, test } from 'vitest';
import type { Gate } from '../images/gate.ts';
import type { Finding } from './archive.ts';
import { pullRequestBody, pullRequestTitle } from './format-pull-request.ts';
import { formatLag, formatReport } from './format-report.ts';
import type { Proof } from './prove.ts';
import { reportOn } from './report.ts';

const before = lockOf({
  latest: { 'linux/amd64': '11.1.2', 'linux/s390x': '11.1.2' },
  stable: { 'linux/amd64': '10.0.11' },
});
const now = lockOf({
  latest: { 'linux/amd64': '11.1.3', 'linux/arm64': '11.1.3' },
  stable: { 'linux/amd64': '10.0.11' },
});
altered(now, (latest) => {
  latest.release = { ...RELEASE, validUntil: '2026-11-06T08:08:01Z', expired: true };
  const { emulators, guests } = platform(latest, 'linux/amd64');
  emulators.size = 2_500_000;
  guests.splice(0, 2, 'arm', 'hexagon', 'xtensa');
});
altered(before, (latest) => {
  platform(latest, 'linux/amd64').emulators.size = 3_000_000;
});

type Channel = Lock['channels'][string];
function altered(lock: Lock, alter: (latest: { -readonly [K in keyof Channel]: Channel[K] }) => void): void {
  alter(lock.channels.latest as Channel);
}
function platform({ platforms }: Channel, name: 'linux/amd64') {
  return platforms[name] as unknown as { emulators: { size: number }; guests: string[] };
}

const finding: Finding = {
  channel: 'stable',
  code: 'RELEASE_EXPIRED',
  message: 'the Release is old',
  remedy: 'Wait.',
};
const tags = {
  tags: ['v11.1.3', 'v11.2.0-rc1', 'v10.0.12'],
  fresh: ['v11.2.0-rc1'],
  remember: async () => {},
};
const report = reportOn(before, now, [finding], tags, ['pool/old.deb'], []);
const nothing = reportOn(before, before, [], { ...tags, fresh: [] }, [], []);

const EARLY = { suite: 'experimental', channel: 'latest', version: '11.2.0-rc1' } as EarlyPackage;

const NONE: Gate = { schemaVersion: 1, columns: [], failures: [], fixed: [] };
const check = { tags: 12, images: 34, layers: 56, bytes: 7_800_000, ran: null };
const proofs: Proof[] = [
  { channel: 'latest', check, failure: null },
  { channel: 'stable', check: { ...check, ran: { platform: 'linux/amd64', emulators: 33 } }, failure: null },
  { channel: 'oldstable', check: null, failure: 'CHECK_FAILED: a layer differs' },
];

describe('the body of the pull request', () => {
  const lines = pullRequestBody(report, before, now, proofs, NONE, '<!-- marker -->').split('\n');
  const section = (heading: string) => {
    const from = lines.indexOf(`### ${heading}`) + 2;
    return lines.slice(from, lines.indexOf('', from));
  };

  test('begins with its marker, ends with a line, and has these sections', () => {
    expect([lines[0], lines.at(-1)]).toEqual(['<!-- marker -->', '']);
    expect(lines.filter((line) => line.startsWith('#'))).toEqual([
      ...[
        '### Packages',
        '### Checks',
        '### Guest programs',
        '### Upstream',
        '### Left the pool of the mirror',
        '### Needs a person',
      ],
    ]);
  });

  test('has a row for each package: changed, new, gone', () => {
    expect(section('Packages')).toEqual([
      '| channel | platform | QEMU | package | size | guests |',
      '|---|---|---|---|---|---|',
      '| latest | linux/amd64 | 11.1.2 → 11.1.3 | qemu-user 1:11.1.2+ds-1 → qemu-user 1:11.1.3+ds-1 | 3.0 MB → 2.5 MB (−0.5 MB) | 2 → 3 +hexagon +xtensa −aarch64 |',
      '| latest | linux/arm64 | none → 11.1.3 | none → qemu-user 1:11.1.3+ds-1 | 0.0 kB | 2 |',
      '| latest | linux/arm64 |  | none → busybox-static 1:1.38.0-3 | 0.0 kB |  |',
      '| latest | linux/s390x | 11.1.2 → **gone** | qemu-user 1:11.1.2+ds-1 → **gone** | 0.0 kB | 2 → 0 −aarch64 −arm |',
      '| latest | linux/s390x |  | busybox-static 1:1.38.0-3 → **gone** | 0.0 kB |  |',
    ]);
  });

  test('says who signed, that an expiry was accepted, and how the images were proven', () => {
    expect(section('Checks')).toEqual([
      `- latest: Release of sid of 2026-10-30T08:08:01Z, signed by \`${'A'.repeat(40)}\`; **its Valid-Until, 2026-11-06T08:08:01Z, had passed**`,
      '- latest: 12 tags, 34 images, 56 layers built and read back, 7.8 MB; no emulator run: none is for the machine that checked',
      '- stable: 12 tags, 34 images, 56 layers built and read back, 7.8 MB; 33 emulators run on linux/amd64',
      '- **oldstable: the images cannot be made: CHECK_FAILED: a layer differs**',
    ]);
  });

  test('links what changed upstream, each once, and names what is behind', () => {
    expect(section('Upstream')).toEqual([
      '- notes of QEMU 11.1.3: https://wiki.qemu.org/ChangeLog/11.1',
      '- every change: https://github.com/qemu/qemu/compare/v11.1.2...v11.1.3',
      '- newest release: 11.1.3',
      '- candidate of the next: 11.2.0-rc1',
      '- stable linux/amd64 has 10.0.11, behind by 2 releases (major); 10.0.12 is the newest of its line',
    ]);
  });

  test('names what left the pool, and what needs a person', () => {
    expect(section('Left the pool of the mirror')).toEqual(['- `pool/old.deb`']);
    expect(section('Needs a person')).toEqual(['- stable: `RELEASE_EXPIRED`: the Release is old']);
  });

  test('has no section for what there is nothing of', () => {
    const quiet = {
      ...nothing,
      upstream: { ...nothing.upstream, release: null, candidate: null },
      platforms: [],
    };
    expect(pullRequestBody(quiet, before, before, [], NONE, 'marker')).toBe('marker\n');
  });

  test('lists the tags of images that are made again', () => {
    const rebuilt = { ...nothing, rebuilt: [{ version: '11.1.2', number: 2 }] };
    expect(pullRequestBody(rebuilt, before, before, [], NONE, 'marker')).toContain(
      '### Image tags\n\n- `11.1.2-2`\n',
    );
  });
});

describe('in the table of packages', () => {
  /** The row of a change of the emulators of latest for linux/amd64. */
  const rowOf = (change: (channel: Channel) => void) => {
    const [then, today] = [0, 1].map(() => lockOf({ latest: { 'linux/amd64': '11.1.3' } })) as [Lock, Lock];
    altered(today, change);
    const { changes } = reportOn(then, today, [], { ...tags, fresh: [] }, [], []);
    const text = pullRequestBody({ ...nothing, changes, platforms: [] }, then, today, [], NONE, '');
    const row = text.split('\n').find((line) => line.startsWith('| latest | linux/amd64')) ?? '';
    return { text, cells: row.split(' | ').slice(2) };
  };
  const debian = ({ emulators }: ReturnType<typeof platform>, version: string) =>
    Object.assign(emulators, { version });

  test('another build of the same QEMU has one version, and upstream has nothing about it', () => {
    const { text, cells } = rowOf((latest) => debian(platform(latest, 'linux/amd64'), '1:11.1.3+ds-2'));
    expect(cells.slice(0, 2)).toEqual(['11.1.3', 'qemu-user 1:11.1.3+ds-1 → qemu-user 1:11.1.3+ds-2']);
    expect(text).not.toContain('notes of QEMU');
  });

  test('other contents under the same version are named', () => {
    const { cells } = rowOf((latest) =>
      Object.assign(platform(latest, 'linux/amd64').emulators, { sha256: 'e'.repeat(64) }),
    );
    expect(cells[1]).toBe('qemu-user 1:11.1.3+ds-1, **other contents under the same version**');
  });

  test.each([
    [2_000_001, '(+2.0 MB)'],
    [1, '(+0.0 kB)'],
  ])('a package of %i bytes after one of 1 has the sign of its growth', (size, words) => {
    const { cells } = rowOf((latest) => {
      const one = platform(latest, 'linux/amd64');
      debian(one, '1:11.1.3+ds-2');
      one.emulators.size = size;
    });
    expect(cells[2]).toContain(words);
  });
});

test('a package of another name is one row', () => {
  const [then, today] = [0, 1].map(() => lockOf({ latest: { 'linux/amd64': '11.1.3' } })) as [Lock, Lock];
  altered(today, (latest) => Object.assign(platform(latest, 'linux/amd64').emulators, { package: 'qemu' }));
  const { changes } = reportOn(then, today, [], { ...tags, fresh: [] }, [], []);
  const text = pullRequestBody({ ...nothing, changes, platforms: [] }, then, today, [], NONE, '');
  expect(text.split('\n').filter((line) => line.startsWith('| latest'))).toEqual([
    expect.stringContaining(
      '| qemu-user 1:11.1.3+ds-1 → qemu 1:11.1.3+ds-1 | 0.0 kB → 0.0 kB (+0.0 kB) | 2 → 2 |',
    ),
  ]);
});

test('a channel that is gone has no Release to check', () => {
  const only = lockOf({ stable: { 'linux/amd64': '10.0.11' } });
  const gone = reportOn(before, only, [], { ...tags, fresh: [] }, [], []);
  const text = pullRequestBody(gone, before, only, [], NONE, '');
  expect(text).toContain('| latest | linux/amd64 | 11.1.2 → **gone** |');
  expect(text).not.toContain('### Checks');
});

test('without tags of upstream nothing is said of releases', () => {
  const none = reportOn(before, now, [], { ...tags, tags: [], fresh: [] }, [], []);
  const text = pullRequestBody(none, before, now, [], NONE, '');
  for (const words of ['newest release', 'candidate', 'behind by']) expect(text).not.toContain(words);
  expect(formatReport(none, before, now)).toContain('\nQEMU – is the newest release\n');
});

describe('the title of the pull request', () => {
  test('names the channels whose QEMU changes, with each version once', () => {
    expect(pullRequestTitle(report, now)).toBe('sources.lock.json: latest QEMU 11.1.3');
  });

  test('names a channel alone whose emulators are the same', () => {
    const shells = { ...report, changes: report.changes.filter(({ part }) => part === 'shell') };
    expect(pullRequestTitle(shells, now)).toBe('sources.lock.json: latest');
  });

  test('names each channel with its own QEMU', () => {
    const both = structuredClone(now);
    Object.assign(both.channels.stable?.platforms['linux/amd64']?.shell ?? {}, { version: '2' });
    const { changes } = reportOn(before, both, [], { ...tags, fresh: [] }, [], []);
    expect(pullRequestTitle({ ...report, changes }, both)).toBe(
      'sources.lock.json: latest QEMU 11.1.3, stable',
    );
  });

  test.each([
    ['images rebuilt', [{ version: '11.1.2', number: 2 }]],
    ['updated', []],
  ])('else says %s', (words, rebuilt) => {
    expect(pullRequestTitle({ ...nothing, rebuilt }, before)).toBe(`sources.lock.json: ${words}`);
  });
});

describe('the report on the terminal', () => {
  test('lists changes, upstream, the pool and what needs a person, and then each platform', () => {
    const text = formatReport(report, before, now);
    const [packages = '', ...rest] = text.split('\n\n');
    expect(packages).toMatch(/^the lock would change:\n {2}- latest linux\/amd64 qemu-user: 1:11\.1\.2/);
    expect(rest).toEqual([
      'new upstream:\n  - QEMU 11.2.0-rc1, a release candidate',
      'left the pool of the mirror:\n  - pool/old.deb',
      'needs a person:\n  - stable: RELEASE_EXPIRED: the Release is old. Wait.',
      expect.stringMatching(
        /^QEMU 11\.1\.3 is the newest release, 11\.2\.0-rc1 the candidate of the next\nCHANNEL/,
      ),
    ]);
  });

  test('is empty where nothing is new', () => {
    expect([nothing.isNews, formatReport(nothing, before, before)]).toEqual([false, '']);
  });

  test.each([
    ['a package', reportOn(before, now, [], { ...tags, fresh: [] }, [], [])],
    ['a finding', reportOn(before, before, [finding], { ...tags, fresh: [] }, [], [])],
    ['a release of upstream', reportOn(before, before, [], { ...tags, fresh: ['v11.2.0'] }, [], [])],
    ['a candidate', reportOn(before, before, [], tags, [], [])],
    ['a package on its way', reportOn(before, before, [], { ...tags, fresh: [] }, [], [EARLY])],
  ])('%s is news', (_, { isNews }) => {
    expect(isNews).toBe(true);
  });
});

test.each([
  [null, 'no'],
  [{ newest: '11.1.3', kind: 'patch', releases: 1, line: null }, '1 release (patch)'],
  [
    { newest: '11.1.3', kind: 'minor', releases: 3, line: '10.0.12' },
    '3 releases (minor); 10.0.12 is the newest of its line',
  ],
] as const)('%o behind reads %s', (lag, words) => {
  expect(formatLag(lag)).toBe(words);
});
