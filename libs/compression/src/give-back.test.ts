import { expect, test } from 'vitest';
import { giveBack } from './give-back.ts';

test.each([1 << 20, (1 << 20) + 1])('%i bytes and more are given back: nothing of them is left', (size) => {
  const bytes = new Uint8Array(size);
  giveBack(bytes);
  expect([bytes.length, bytes.buffer.detached]).toEqual([0, true]);
});

test('fewer bytes stay, for others may be in the same memory', () => {
  const bytes = Buffer.from('a few');
  const large = new Uint8Array((1 << 20) - 1);
  giveBack(bytes);
  giveBack(large);
  expect([bytes.toString(), large.length]).toEqual(['a few', (1 << 20) - 1]);
});

test('memory that another thread shares stays', () => {
  const bytes = new Uint8Array(new SharedArrayBuffer(1 << 20));
  giveBack(bytes);
  expect(bytes.length).toBe(1 << 20);
});
