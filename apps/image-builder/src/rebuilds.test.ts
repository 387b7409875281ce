import { expect, test } from 'vitest';
import { numberRebuilds } from './rebuilds.ts';
import { lockOf } from './testing/lock.ts';

const { channels } = lockOf({ latest: { 'linux/amd64': '11.1.3', 'linux/riscv64': '11.1.2' } });
const first = numberRebuilds(channels, 'recipe', {});
const numbers = (rebuilds: typeof first) =>
  Object.fromEntries(Object.entries(rebuilds).map(([version, { number }]) => [version, number]));

test('the first build of a version has number 1', () => {
  expect(numbers(first)).toEqual({ '11.1.3': 1, '11.1.2': 1 });
});

test('nothing changed: the numbers stay', () => {
  expect(numberRebuilds(channels, 'recipe', first)).toEqual(first);
});

test('another recipe raises every number', () => {
  expect(numbers(numberRebuilds(channels, 'another', first))).toEqual({ '11.1.3': 2, '11.1.2': 2 });
});

test('a platform that catches up raises the number of the version it joins', () => {
  const later = lockOf({ latest: { 'linux/amd64': '11.1.3', 'linux/riscv64': '11.1.3' } });
  expect(numbers(numberRebuilds(later.channels, 'recipe', first))).toEqual({ '11.1.3': 2, '11.1.2': 1 });
});
