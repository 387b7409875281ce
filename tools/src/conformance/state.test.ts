import { appendFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openState } from './state.ts';

const INPUTS = { emulator: 'e', program: 'p', case: 'threads', flags: 'F', limit: 90, kernel: '6.18' };
const PASS = { outcome: 'pass', wall: 1, cpu: 0.5, detail: '' } as const;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'state-'));
});
afterAll(() => rm(folder, { recursive: true }));

test('a later run has what an earlier one found, also if that was killed within a line', async () => {
  const file = join(folder, 'killed', 'results.jsonl');
  await (await openState(file)).remember(INPUTS, PASS);
  await appendFile(file, '\n{"key":"half');
  const later = await openState(file);
  expect(later.recall(INPUTS)).toEqual(PASS);
  await later.remember({ ...INPUTS, case: 'fork' }, PASS);
  expect((await openState(file)).recall({ ...INPUTS, case: 'fork' })).toEqual(PASS);
});

test.each(Object.keys(INPUTS))('nothing counts for another %s', async (name) => {
  const state = await openState(join(folder, `${name}.jsonl`));
  await state.remember(INPUTS, PASS);
  expect(state.recall({ ...INPUTS, [name]: 'another' })).toBeUndefined();
});
