import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder } from '@qemu-user-static/debian-archive/testing';
import { lockOf } from '@qemu-user-static/lock/testing';
import { describe, expect, test } from 'vitest';
import { gateFile, HUNG } from '../testing/gates.ts';
import {
  assertJudged,
  describeFailure,
  failureItem,
  type Gate,
  isHeld,
  isStopped,
  placeInMarkdown,
  readGates,
} from './gate.ts';
import type { TagPlan } from './tags.ts';

const lock = lockOf({ latest: { 'linux/amd64': '11.1.3' }, stable: { 'linux/amd64': '10.0.13' } });

test('several verdicts are one', async () => {
  const folder = await temporaryFolder();
  const files = [
    await gateFile(join(folder, 'a'), lock, [HUNG]),
    await gateFile(join(folder, 'b'), lock, [], 'stable'),
  ];
  const gate = await readGates(files);
  expect(gate.columns.map(({ channel }) => channel)).toEqual(['latest', 'stable']);
  expect(gate.failures).toEqual([HUNG]);
  expect(() => assertJudged(gate, lock, ['latest', 'stable'])).not.toThrow();
});

test('a channel without a verdict is named: what was not tried did not pass', async () => {
  const gate = await readGates([await gateFile(join(await temporaryFolder(), 'a'), lock, [])]);
  expect(() => assertJudged(gate, lock, ['latest', 'stable'])).toThrow(
    expect.objectContaining({ code: 'GATE_INCOMPLETE', message: expect.stringMatching(/ of stable$/) }),
  );
});

test('a verdict on another package than the lock has is none', async () => {
  const gate = await readGates([await gateFile(join(await temporaryFolder(), 'a'), lock, [])]);
  const newer = lockOf({ latest: { 'linux/amd64': '11.2.0' } });
  expect(() => assertJudged(gate, newer, ['latest'])).toThrow(
    expect.objectContaining({ code: 'GATE_INCOMPLETE' }),
  );
});

test.each([
  ['nothing', undefined],
  ['half a file', '{"schemaVersion": 1, "columns": ['],
  ['another form', '{"schemaVersion": 2, "columns": [], "failures": [], "fixed": []}'],
])('%s is no verdict', async (_, text) => {
  const file = join(await temporaryFolder(), 'gate.json');
  if (text !== undefined) await writeFile(file, text);
  await expect(readGates([file])).rejects.toMatchObject({ code: 'GATE_UNREADABLE', message: file });
});

test('what a program printed reaches no terminal raw', () => {
  expect(describeFailure({ ...HUNG, detail: '\u001b[2J' })).toBe(
    'latest (QEMU 11.1.3), guest aarch64, arm64 static, case threads: hang: \\u{1b}[2J',
  );
});

test('what passes again in one verdict passes again in all of them together', async () => {
  const { outcome: _, detail: __, command: ___, ...place } = HUNG;
  const folder = await temporaryFolder();
  const verdict = (fixed: Gate['fixed']): Gate => ({ schemaVersion: 1, columns: [], failures: [], fixed });
  const files = [join(folder, 'a'), join(folder, 'b')] as const;
  await writeFile(files[0], JSON.stringify(verdict([])));
  await writeFile(files[1], JSON.stringify(verdict([place])));
  expect((await readGates(files)).fixed).toEqual([place]);
});

test('one column on another package is enough for none, though another column fits', async () => {
  const gate = await readGates([await gateFile(join(await temporaryFolder(), 'a'), lock, [])]);
  const [own] = gate.columns;
  if (own === undefined) throw new Error('no column');
  const columns = [own, { ...own, debian: '1:11.1.2+ds-1' }];
  expect(() => assertJudged({ ...gate, columns }, lock, ['latest'])).toThrow(
    expect.objectContaining({ code: 'GATE_INCOMPLETE' }),
  );
});

describe('a case that fails in latest', () => {
  const gate: Gate = {
    schemaVersion: 1,
    columns: [],
    failures: [HUNG, { ...HUNG, channel: 'oldstable' }],
    fixed: [],
  };
  const held = (channel: string, exact: boolean) =>
    isHeld(gate, { channel, exact } as TagPlan & { channel: string });

  test('stops that channel, and no other', () => {
    expect(['latest', 'stable', 'oldstable'].map((channel) => isStopped(gate, channel))).toEqual([
      true,
      false,
      true,
    ]);
  });

  test('holds its tags that move, and none of a version', () => {
    expect([held('latest', false), held('latest', true)]).toEqual([true, false]);
    expect([held('stable', false), held('stable', true)]).toEqual([false, false]);
  });

  test('is an item of a list, with the command that shows it', () => {
    const place = 'guest `aarch64`, case `threads` (eight threads), program `arm64 static`';
    expect(placeInMarkdown(HUNG)).toBe(place);
    expect(failureItem(HUNG)).toBe(
      `- ${place}: hang: \`not ended after 90 s\`; to show it: \`${HUNG.command}\``,
    );
    expect(failureItem({ ...HUNG, detail: '' })).toBe(`- ${place}: hang; to show it: \`${HUNG.command}\``);
  });

  test('cannot end the code that it is shown as', () => {
    expect(failureItem({ ...HUNG, detail: 'a`b\u001b' })).toContain("hang: `a'b\\u{1b}`;");
  });
});
