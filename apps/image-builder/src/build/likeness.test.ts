import { emulatorOf, GUEST_NAMES } from '@qemu-user-static/arch-table';
import { expect, test } from 'vitest';
import { likenessRank } from './likeness.ts';

test('every emulator of the table has a place of its own', () => {
  const emulators = GUEST_NAMES.filter((name) => emulatorOf(name) === name);
  const ranks = emulators.map(likenessRank).sort((a, b) => a - b);
  expect(ranks).toEqual(emulators.map((_, index) => index));
});

test('another name of a CPU has the place of its emulator', () => {
  expect(likenessRank('i486')).toBe(likenessRank('i386'));
  expect(likenessRank('i486')).toBeGreaterThan(0);
});
