import { describe, expect, test } from 'vitest';
import { nearest } from './index.ts';

describe('the name that was probably meant', () => {
  test.each([
    // Two neighbours swapped, at the beginning, in the middle and at the end.
    ['ram64', ['arm64', 'ra']],
    ['amr64', ['arm64', 'asr64']],
    ['arm46', ['arm64', 'arm36']],
    // One letter too many, too few, or another.
    ['arm644', ['arm64', 'armeb']],
    ['arm6', ['arm64', 'mips']],
    ['arn64', ['arm64', 'amd64']],
  ])('of %s is the first of %j', (word, candidates) => {
    const [meant = ''] = candidates;
    expect(nearest(word, candidates)).toBe(meant);
    expect(nearest(word, candidates.toReversed())).toBe(meant);
  });

  test('is found whatever the case', () => {
    expect(nearest('ARM46', ['arm64'])).toBe('arm64');
  });

  test('is the first of those that are equally near', () => {
    expect(nearest('arm', ['arms', 'armx'])).toBe('arms');
  });

  test.each([
    // A third of the letters may be wrong; a swap of letters that are not neighbours is no slip.
    ['arm', ['abc']],
    ['a', ['bcd']],
    ['arm', ['mra']],
    ['riscv64', ['riscv1234']],
    ['', ['arm']],
  ])('is missing for %s among %j', (word, candidates) => {
    expect(nearest(word, candidates)).toBeNull();
  });
});
