import { expect, test } from 'vitest';
import { atMost } from './at-most.ts';

test('results come in the order of the items', async () => {
  expect(await atMost(2, [1, 2, 3], async (item) => item * 2)).toEqual([2, 4, 6]);
  expect(await atMost(2, [], async () => 1)).toEqual([]);
});

test('the first item goes alone', async () => {
  const begun: number[] = [];
  const failing = atMost(8, [1, 2, 3], async (item) => {
    begun.push(item);
    throw new Error('unreachable');
  });
  await expect(failing).rejects.toThrow('unreachable');
  expect(begun).toEqual([1]);
});

test('after a failure nothing more is begun', async () => {
  const begun: number[] = [];
  const items = Array.from({ length: 20 }, (_, index) => index);
  const failing = atMost(2, items, async (item) => {
    begun.push(item);
    if (item === 2) throw new Error('gone');
  });
  await expect(failing).rejects.toThrow('gone');
  await new Promise((resolve) => setImmediate(resolve));
  expect(begun.length).toBeLessThan(6);
});
