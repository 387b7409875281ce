import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder } from '@qemu-user-static/debian-archive/testing';
import { lockOf } from '@qemu-user-static/lock/testing';
import { expect, test } from 'vitest';
import { gateFile, HUNG } from '../testing/gates.ts';
import { assertJudged, describeFailure, readGates } from './gate.ts';

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
