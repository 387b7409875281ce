import { globSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ROOT } from '../../repository.ts';
import { alterationsOf } from './mutate.ts';
import { testsNearestTo } from './nearest.ts';
import { leftToRun, type Results, stillTrue } from './results.ts';

const linesOf = (line: string) => alterationsOf(`\t${line}`).map(({ after }) => after);

describe('a line of shell is altered', () => {
  test.each([
    ['[ "$a" = no ] || fail X', ['[ "$a" = no ] && fail X']],
    ['take && return 0', ['take || return 0', 'take && :']],
    ['! is_there "$1"', ['is_there "$1"']],
    ['if is_there "$1"; then', ['if ! is_there "$1"; then']],
    ['[ "$age" -ge 15 ]', ['[ "$age" -gt 15 ]']],
    ['LOCKED=yes', ['LOCKED=no']],
    ['age=$((uptime - $2))', ['age=$((uptime + $2))']],
    ['drop_scratch', [':']],
    ["'File exists') return 1 ;;", ["'File exists') return 0 ;;", "'no such word') return 1 ;;"]],
    ['esac', []],
    ['# a && b', []],
  ])('%s', (line, expected) => {
    expect(linesOf(line)).toEqual(expected);
  });

  test('one place at a time, and the rest of the file stays', () => {
    const found = alterationsOf('first\n\ta && b && c\nlast');
    expect(found.map(({ text }) => text)).toEqual([
      'first\n\ta || b && c\nlast',
      'first\n\ta && b || c\nlast',
    ]);
    expect(found.map(({ line, column }) => [line, column])).toEqual([
      [2, 3],
      [2, 8],
    ]);
  });
});

describe('an earlier run', () => {
  const earlier: Results = {
    scope: 'x',
    tests: { a: '1', b: '1' },
    noticed: { byA: 'a', byB: 'b', left: null },
  };

  test.each([
    ['nothing has changed', { a: '1', b: '1' }, ['byA', 'byB', 'left']],
    ['a test file has changed', { a: '1', b: '2' }, ['byA']],
    ['there is a new test file', { a: '1', b: '1', c: '1' }, ['byA', 'byB']],
    ['a test file is gone', { b: '1' }, ['byB', 'left']],
  ])('counts where the tests that decided are the same: %s', (_, tests, expected) => {
    expect(Object.keys(stillTrue(earlier, tests))).toEqual(expected);
    expect(stillTrue(undefined, tests)).toEqual({});
  });

  test('of what it left, only new tests run; of anything else, all', () => {
    expect(leftToRun(earlier, 'left', { a: '1', b: '2', c: '1' })).toEqual(['b', 'c']);
    expect(leftToRun(earlier, 'byB', { a: '1', b: '2' })).toEqual(['a', 'b']);
    expect(leftToRun(earlier, 'new', { a: '1', b: '1' })).toEqual(['a', 'b']);
    expect(leftToRun(undefined, 'left', { a: '1' })).toEqual(['a']);
  });
});

test('every part of the script has its nearest tests, and they exist', () => {
  const parts = globSync('*/*.sh', { cwd: resolve(ROOT, 'apps/register/src/script') });
  expect(parts.length).toBeGreaterThan(10);
  for (const part of parts)
    for (const file of testsNearestTo(part)) expect(globSync(file, { cwd: ROOT })).toEqual([file]);
  expect(() => testsNearestTo('registering/99-new.sh')).toThrow('name the tests of registering/99-new.sh');
});
