import { describe, expect, test } from 'vitest';
import { BuilderError } from './errors.ts';
import { type BuilderEvent, stage } from './events.ts';
import { megabytes, wrapped } from './format.ts';
import { errorAsJson, printJson } from './json.ts';
import { layoutsDiffer, listed } from './problems.ts';
import { Totals } from './totals.ts';

describe('text in lines', () => {
  test.each([
    ['one two three', 7, 'one two\n  three'],
    ['one two three', 13, 'one two three'],
    ['one two three', 12, 'one two\n  three'],
    ['one two', 1, 'one\n  two'],
    ['', 5, ''],
  ])('%j of at most %i characters', (text, width, expected) => {
    expect(wrapped(text, width)).toBe(expected);
  });
});

test.each([
  [99_999, '100.0 kB'],
  [100_000, '0.1 MB'],
  [99_999_999, '100.0 MB'],
  [100_000_000, '100 MB'],
])('%i bytes are %s', (bytes, expected) => {
  expect(megabytes(bytes)).toBe(expected);
});

describe('problems', () => {
  const problems = (count: number) => Array.from({ length: count }, (_, index) => `problem ${index + 1}`);

  test('are listed, a line each', () => {
    expect(listed(['a', 'b'])).toBe('\n  - a\n  - b');
    expect(listed(problems(20)).split('\n').at(-1)).toBe('  - problem 20');
  });

  test('beyond twenty are counted', () => {
    const lines = listed(problems(22)).split('\n');
    expect(lines).toHaveLength(22);
    expect(lines.slice(-2)).toEqual(['  - problem 20', '  - and 2 more']);
  });

  test('of layouts are one error', () => {
    expect(layoutsDiffer(['a'])).toMatchObject({
      code: 'LAYOUTS_DIFFER',
      message: 'the layouts are not what the lock gives:\n  - a',
    });
  });
});

describe('JSON', () => {
  test('has the version of its form first', () => {
    expect(printJson({ a: 1 })).toBe('{\n  "schemaVersion": 1,\n  "a": 1\n}\n');
  });

  test('of an error has its code, every cause and the remedy', () => {
    const cause = new Error('inner', { cause: new Error('innermost') });
    const error = new BuilderError('LAYOUTS_DIFFER', 'outer', cause);
    expect(errorAsJson(error)).toEqual({
      code: 'LAYOUTS_DIFFER',
      message: 'outer',
      causes: ['inner', 'innermost'],
      remedy: error.remedy,
    });
  });

  test('of a bug has neither a code of its own nor a remedy', () => {
    expect(errorAsJson(new TypeError('boom'))).toEqual({
      code: 'INTERNAL',
      message: 'boom',
      causes: [],
      remedy: null,
    });
  });
});

test('a stage reports when it begins, and how long it took when it is done', async () => {
  const events: BuilderEvent[] = [];
  const result = await stage(
    'fetch',
    (event) => events.push(event),
    async () => {
      expect(events).toEqual([{ type: 'stage', stage: 'fetch' }]);
      return 'packages';
    },
  );
  expect(result).toBe('packages');
  expect(events[1]).toEqual({ type: 'stage-done', stage: 'fetch', milliseconds: expect.any(Number) });
  expect((events[1] as { milliseconds: number }).milliseconds).toBeLessThan(60_000);
});

test('a transfer that reports again replaces what it reported before', () => {
  const totals = new Totals();
  totals.expect('a', 1_000_000);
  totals.expect('a', 2_000_000);
  totals.expect('b', 1_000_000);
  totals.reach('a', 500_000);
  totals.reach('a', 1_500_000);
  expect(`${totals}`).toBe('1.5 MB of 3.0 MB');
});
