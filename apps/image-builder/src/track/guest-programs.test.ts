import { type Lock, packageChanges } from '@qemu-user-static/lock';
import { lockOf } from '@qemu-user-static/lock/testing';
import { describe, expect, test } from 'vitest';
import type { Gate } from '../images/gate.ts';
import { HUNG } from '../testing/gates.ts';
import { guestPrograms } from './guest-programs.ts';

const before = lockOf({ latest: { 'linux/amd64': '11.1.2' }, stable: { 'linux/amd64': '10.0.11' } });
const now = lockOf({ latest: { 'linux/amd64': '11.1.3' }, stable: { 'linux/amd64': '10.0.12' } });

const column = (channel: string, version: string) =>
  ({ channel, platform: 'linux/amd64', version, debian: `1:${version}+ds-1` }) as const;
const [latest, stable] = [column('latest', '11.1.3'), column('stable', '10.0.12')];

const linesOf = (gate: Partial<Gate>, today: Lock = now) =>
  guestPrograms(packageChanges(before, today), today, {
    schemaVersion: 1,
    ...{ columns: [latest, stable], failures: [], fixed: [], ...gate },
  });
const [passed, stablePassed] = [
  '- latest: every case that passed before passes under QEMU 11.1.3',
  '- stable: every case that passed before passes under QEMU 10.0.12',
];

test('each channel has its own failures and what passes again', () => {
  const { outcome: _, detail: __, command: ___, ...place } = HUNG;
  const lines = linesOf({
    failures: [{ ...HUNG, channel: 'stable' }],
    fixed: [{ ...place, channel: 'stable' }],
  });
  expect(lines[0]).toBe(passed);
  expect(lines[1]).toMatch(/^- \*\*stable: 1 cases that passed before fail under QEMU 10\.0\.12; /);
  expect(lines.slice(2).map((line) => line.slice(0, 17))).toEqual(['  - guest `aarch6', '  - passes again:']);
});

describe('a channel', () => {
  test.each<[string, Gate['columns']]>([
    ['channel', [stable, { ...latest, channel: 'oldstable' }]],
    ['platform', [stable, { ...latest, platform: 'linux/arm64' }]],
    ['package', [stable, { ...latest, debian: '1:11.1.2+ds-1' }]],
  ])('was not tried by a run of another %s', (_, columns) => {
    expect(linesOf({ columns })).toEqual([
      expect.stringMatching(/^- \*\*latest: the checks were not run under QEMU 11\.1\.3\*\*/),
      stablePassed,
    ]);
  });

  test('is not spoken of where its shell or another host is new, or its emulators are gone', () => {
    const shells = structuredClone(before);
    Object.assign(shells.channels.latest?.platforms['linux/amd64']?.shell ?? {}, { version: '2' });
    expect(linesOf({}, shells)).toEqual([]);
    const arm64 = { 'linux/amd64': '11.1.2', 'linux/arm64': '11.1.3' } as const;
    expect(linesOf({}, lockOf({ latest: arm64, stable: { 'linux/amd64': '10.0.11' } }))).toEqual([]);
    expect(linesOf({}, lockOf({ latest: {}, stable: { 'linux/amd64': '10.0.12' } }))).toEqual([stablePassed]);
  });
});

test.each([
  [40, 40, []],
  [41, 40, ['  - and 1 more']],
])('of %i failures %i are listed, and the rest counted', (all, listed, rest) => {
  const lines = linesOf({ failures: Array(all).fill(HUNG) }).slice(1, -1);
  expect(lines.filter((line) => line.startsWith('  - guest'))).toHaveLength(listed);
  expect(lines.slice(listed)).toEqual(rest);
});
