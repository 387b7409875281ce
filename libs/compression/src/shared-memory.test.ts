import { expect, test } from 'vitest';
import { SharedMemory } from './index.ts';

test('memory that was given back is used again, and grows where it is', () => {
  const memory = new SharedMemory();
  const first = memory.take(10);
  memory.giveBack(first);
  const second = memory.take(20);
  expect(second.buffer).toBe(first.buffer);
  expect(second).toHaveLength(20);
});

test('memory that has no room for more is left for other memory', () => {
  const memory = new SharedMemory();
  const first = memory.take(10);
  memory.giveBack(first);
  const larger = memory.take((1 << 30) + 1);
  expect([larger.length, larger.buffer === first.buffer]).toEqual([(1 << 30) + 1, false]);
});

test('memory that is in use is given to nobody else', () => {
  const memory = new SharedMemory();
  const [first, second] = [memory.take(10).fill(1), memory.take(10).fill(2)];
  expect([...first]).toEqual(Array(10).fill(1));
  expect([...second]).toEqual(Array(10).fill(2));
});

test('memory of somebody else is not taken', () => {
  const memory = new SharedMemory();
  const foreign = new Uint8Array(10);
  memory.giveBack(foreign);
  expect(memory.take(10).buffer).not.toBe(foreign.buffer);
});
