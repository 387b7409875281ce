import { expect, test } from 'vitest';
import { assertRan } from './results.ts';
import { column, results, row } from './testing/results.ts';

test('a run in which nothing ran is an error: a gate would take it for passed', () => {
  const nothing = [column('latest', '11.1.3'), column('stable', '10.0.13')];
  expect(() => assertRan(results(...nothing))).toThrow(expect.objectContaining({ code: 'NOTHING_RAN' }));
  expect(() => assertRan(results(...nothing, column('oldstable', '7.2', row({}))))).not.toThrow();
});
