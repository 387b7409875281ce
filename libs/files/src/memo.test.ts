import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { memoKey, recall, remember } from './memo.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'memo-'));
});
afterEach(() => rm(folder, { recursive: true }));

test('a result is recalled for the same inputs alone', async () => {
  await remember({ folder }, 'guests', memoKey(['a', 1]), ['arm']);
  expect(await recall({ folder }, 'guests', memoKey(['a', 1]))).toEqual(['arm']);
  expect(await recall({ folder }, 'guests', memoKey(['a', 2]))).toBe(null);
  expect(await recall({ folder }, 'other', memoKey(['a', 1]))).toBe(null);
});

test('the key depends on the inputs and nothing else', () => {
  expect(memoKey(['tags'])).toBe('e2cac8a5225634937910456b950545c1e821b4b71716a77f88d418cf76ec7b6d');
});

test('the latest result replaces the one before, and no other file is left', async () => {
  await remember({ folder }, 'layers linux/arm/v7', 'one', { long: 'x'.repeat(1000) });
  await remember({ folder }, 'layers linux/arm/v7', 'two', 'short');
  expect(await recall({ folder }, 'layers linux/arm/v7', 'two')).toBe('short');
  expect(await readdir(join(folder, '.memo'))).toEqual(['layers linux-arm-v7.json']);
});

test('a memo with any other byte counts as none', async () => {
  await remember({ folder }, 'tags', 'key', { tags: ['v11.1.3'], at: 1 });
  const path = join(folder, '.memo', 'tags.json');
  const whole = await readFile(path);
  for (let place = 0; place < whole.length; place++) {
    const damaged = Buffer.from(whole);
    damaged[place] = (damaged[place] ?? 0) ^ 1;
    await writeFile(path, damaged);
    expect(await recall({ folder }, 'tags', 'key')).toBe(null);
  }
});

test('half a memo, as a kill leaves it, counts as none at every length', async () => {
  await remember({ folder }, 'tags', 'key', ['v11.1.3']);
  const path = join(folder, '.memo', 'tags.json');
  const whole = await readFile(path);
  for (let length = 0; length < whole.length; length++) {
    await writeFile(path, whole.subarray(0, length));
    expect(await recall({ folder }, 'tags', 'key')).toBe(null);
  }
});
