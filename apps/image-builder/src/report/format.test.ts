import { expect, test } from 'vitest';
import { megabytes, megabytesRange, table } from './format.ts';

test('bytes are written in the unit that a person expects', () => {
  expect([megabytes(1234), megabytes(970_908), megabytes(27_312_345), megabytes(101_951_063)]).toEqual([
    '1.2 kB',
    '1.0 MB',
    '27.3 MB',
    '102 MB',
  ]);
});

test('several sizes are written as their range', () => {
  expect(megabytesRange([])).toBe('–');
  expect(megabytesRange([5_000_000])).toBe('5.0 MB');
  expect(megabytesRange([95_700_000, 109_000_000])).toBe('95.7–109 MB');
  expect(megabytesRange([90_000, 1_000_000])).toBe('90.0 kB–1.0 MB');
});

test('columns line up', () => {
  expect(
    table([
      ['A', 'LONG'],
      ['aaa', 'b'],
    ]),
  ).toBe('A    LONG\n───  ────\naaa  b');
});
