import { expect, test } from 'vitest';
import { numberRebuilds } from './rebuilds.ts';
import { lockOf } from './testing/lock.ts';

const lock = lockOf({ latest: { 'linux/amd64': '11.1.3', 'linux/riscv64': '11.1.2' } });
const first = numberRebuilds(lock, 'recipe', {});
const numbers = (rebuilds: typeof first) =>
  Object.fromEntries(Object.entries(rebuilds).map(([version, { number }]) => [version, number]));

test('the first build of a version has number 1', () => {
  expect(numbers(first)).toEqual({ '11.1.3': 1, '11.1.2': 1 });
});

test('nothing changed: the numbers stay', () => {
  expect(numberRebuilds(lock, 'recipe', first)).toEqual(first);
});

test('another recipe raises every number', () => {
  expect(numbers(numberRebuilds(lock, 'another', first))).toEqual({ '11.1.3': 2, '11.1.2': 2 });
});

test('a platform that catches up raises the number of the version it joins', () => {
  const later = lockOf({ latest: { 'linux/amd64': '11.1.3', 'linux/riscv64': '11.1.3' } });
  expect(numbers(numberRebuilds(later, 'recipe', first))).toEqual({ '11.1.3': 2, '11.1.2': 1 });
});

test('sources that become known raise the numbers, for the images name them', () => {
  const file = { path: 'pool/main/q/qemu/qemu_11.1.3.dsc', size: 1, sha256: 'a'.repeat(64) };
  const named = { ...lock, sources: { 'qemu-user 1:11.1.3+ds-1': { licenses: ['GPL-2'], files: [file] } } };
  expect(numbers(numberRebuilds(named, 'recipe', first))).toEqual({ '11.1.3': 2, '11.1.2': 1 });
});
