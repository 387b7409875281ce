import { lockOf } from '@qemu-user-static/lock/testing';
import { digestOf } from '@qemu-user-static/oci-image';
import { describe, expect, test } from 'vitest';
import type { Gate } from '../images/gate.ts';
import { HUNG } from '../testing/gates.ts';
import type { Asset } from './assets.ts';
import { releaseNotes } from './notes.ts';
import type { Binary, ReleasePlan } from './plan.ts';

const lock = lockOf({
  latest: { 'linux/amd64': '11.1.3', 'linux/arm64': '11.1.3', 'linux/arm/v7': '10.2.2' },
  stable: { 'linux/amd64': '10.0.13' },
});
const binary = (platform: Binary['platform'], guest: Binary['guest']) => ({ platform, guest }) as Binary;
const plan: ReleasePlan = {
  tag: 'v11.1.3-1',
  version: '11.1.3',
  channel: 'latest',
  isLatest: true,
  binaries: [binary('linux/amd64', 'arm'), binary('linux/amd64', 'aarch64'), binary('linux/arm64', 'arm')],
  images: ['11.1.3', '11.1.3-1'].map((tag) => ({ tag, digest: digestOf(tag), manifests: [] })),
};
const assets = [900_000, 1_400_000].map((size) => ({ size }) as Asset);
const NONE: Gate = { schemaVersion: 1, columns: [], failures: [], fixed: [] };
const notes = (change: Partial<ReleasePlan> = {}, plain: Binary['platform'] = 'linux/amd64') =>
  releaseNotes({ ...plan, ...change }, lock, assets, plain, null, NONE);

test('the hosts of the version are listed, each with its package and how many guests it has', () => {
  expect(
    notes()
      .split('\n')
      .filter((line) => line.startsWith('| linux')),
  ).toEqual([
    '| linux/amd64 | x86_64 | qemu-user 1:11.1.3+ds-1 | 2 |',
    '| linux/arm64 | aarch64 | qemu-user 1:11.1.3+ds-1 | 1 |',
  ]);
});

test('files are counted, with their size; those without a host in their names are explained where there are any', () => {
  expect(notes()).toContain(
    'by `uname -m`; those without a host in their names are for x86_64. 2 files, 2.3 MB.',
  );
  expect(notes({}, 'linux/arm/v7')).toContain('by `uname -m`. 2 files');
});

test('the image that never moves is named with its digest', () => {
  expect(notes()).toContain(`The image \`11.1.3-1\` is \`${digestOf('11.1.3-1')}\`;`);
});

describe('what changed since the release before', () => {
  const since = (previous: Parameters<typeof lockOf>[0], change: Partial<ReleasePlan> = {}, sha256 = '') => {
    const before = { tag: 'v11.1.2-1', lock: lockOf(previous) };
    const locked = before.lock.channels.latest?.platforms['linux/amd64']?.emulators;
    if (sha256 !== '') Object.assign(locked ?? {}, { sha256 });
    const text = releaseNotes({ ...plan, ...change }, lock, assets, 'linux/amd64', before, NONE);
    return /### Changes since v11\.1\.2-1\n\n(.*?)\n\n### Files/s.exec(text)?.[1]?.split('\n');
  };
  const now = { 'linux/amd64': '11.1.3', 'linux/arm64': '11.1.3', 'linux/arm/v7': '10.2.2' } as const;
  const stable = { 'linux/amd64': '10.0.13' } as const;

  test('is the packages of the hosts of this release', () => {
    expect(since({ latest: { ...now, 'linux/amd64': '11.1.2' }, stable })).toEqual([
      '- linux/amd64 qemu-user: 1:11.1.2+ds-1 → 1:11.1.3+ds-1',
    ]);
  });

  test('has a package with other contents under the same version', () => {
    expect(since({ latest: now, stable }, {}, 'e'.repeat(64))).toEqual([
      '- linux/amd64 qemu-user: 1:11.1.3+ds-1, other contents under the same version',
    ]);
  });

  test('has a host that is new', () => {
    const { 'linux/arm64': _, ...others } = now;
    expect(since({ latest: others, stable })).toEqual([
      expect.stringMatching(/^- linux\/arm64 qemu-user: new → 1:11\.1\.3\+ds-1$/),
      expect.stringMatching(/^- linux\/arm64 busybox-static: new → /),
    ]);
  });

  test.each<[string, Parameters<typeof lockOf>[0]]>([
    ['another version of the channel', { latest: { ...now, 'linux/arm/v7': '10.2.1' }, stable }],
    ['another channel', { latest: now, stable: { 'linux/amd64': '10.0.12' } }],
  ])('is not that of %s', (_, previous) => {
    expect(since(previous)).toEqual(['- no package: the register program or the recipe of the images']);
  });

  test('is not there without one', () => {
    expect(notes()).not.toContain('Changes');
  });
});

describe('cases that passed before and fail now', () => {
  const marked = (...failures: Gate['failures']) => {
    const text = releaseNotes(plan, lock, assets, 'linux/amd64', null, { ...NONE, failures });
    return /### Conformance\n\n(.*?)\n\n### Files/s.exec(text)?.[1]?.split('\n');
  };

  test('are listed with guest, case, program and the command that shows them', () => {
    expect(marked(HUNG)).toEqual([
      'The tag `latest` stays on the version before this one: these cases passed before and fail now.',
      '',
      `- guest \`aarch64\`, case \`threads\` (eight threads), program \`arm64 static\`: hang: \`not ended after 90 s\`; to show it: \`${HUNG.command}\``,
    ]);
  });

  test('of another version or channel mark nothing', () => {
    expect(marked({ ...HUNG, version: '10.2.2' }, { ...HUNG, channel: 'stable' })).toBe(undefined);
  });

  test('are counted where they are very many', () => {
    const lines = marked(...Array.from({ length: 60 }, () => HUNG));
    expect([lines?.length, lines?.at(-1)]).toEqual([53, '- and 10 more']);
  });

  test('print nothing that Markdown reads', () => {
    const [, , line] = marked({ ...HUNG, detail: 'x`](https://example.org)\n# y' }) ?? [];
    expect(line).toContain("hang: `x'](https://example.org)\\n# y`; to show it");
  });
});
