import { globSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ROOT } from '../../repository.ts';
import { alterationsOf } from './mutate.ts';
import { testsNearestTo } from './nearest.ts';

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

test('every part of the script has its nearest tests, and they exist', () => {
  const parts = globSync('*/*.sh', { cwd: resolve(ROOT, 'apps/register/src/script') });
  expect(parts.length).toBeGreaterThan(10);
  for (const part of parts)
    for (const file of testsNearestTo(part)) expect(globSync(file, { cwd: ROOT })).toEqual([file]);
  expect(() => testsNearestTo('registering/99-new.sh')).toThrow('name the tests of registering/99-new.sh');
});
