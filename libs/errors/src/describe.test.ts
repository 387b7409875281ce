import { expect, test } from 'vitest';
import { CodedError, describe } from './index.ts';

const CATALOGUE = {
  LIST_UNREADABLE: { meaning: 'A list cannot be read.', remedy: 'Fix the list.' },
} as const;

class ListError extends CodedError<keyof typeof CATALOGUE> {
  constructor(message: string, cause?: unknown) {
    super(CATALOGUE, 'LIST_UNREADABLE', message, cause);
  }
}

test('an error is printed with its code, every cause and the remedy', () => {
  const error = new ListError('list.txt is cut', new Error('line 3 ends early', { cause: new Error('EOF') }));
  expect(describe(error)).toBe(
    'LIST_UNREADABLE: list.txt is cut\n  because: line 3 ends early\n  because: EOF\n  remedy: Fix the list.',
  );
});

test('a cause that adds nothing to the messages before it is left out', () => {
  const refused = new Error('connect ECONNREFUSED');
  const failed = new Error('fetch failed', { cause: refused });
  const error = new ListError('server: connect ECONNREFUSED', new Error('no list', { cause: failed }));
  expect(describe(error)).toBe(
    'LIST_UNREADABLE: server: connect ECONNREFUSED\n  because: no list\n  because: fetch failed\n  remedy: Fix the list.',
  );
});

test('an error carries its own class name, code and remedy', () => {
  expect(new ListError('x')).toMatchObject({
    name: 'ListError',
    code: 'LIST_UNREADABLE',
    remedy: 'Fix the list.',
  });
});

test('an error without a code is a bug and keeps its stack', () => {
  expect(describe(new TypeError('boom'))).toMatch(/^TypeError: boom\n\s+at /);
  expect(describe('text')).toBe('text');
});

test.each([
  ['a code and no remedy, as Node’s have', { code: 'ENOENT' }],
  ['a remedy and no code', { remedy: 'Fix the list.' }],
])('an error with %s is a bug as well', (_, fields) => {
  expect(describe(Object.assign(new Error('boom'), fields))).toMatch(/^Error: boom\n\s+at /);
});

test('an error without a cause does not have one, which Node would print', () => {
  expect(Object.hasOwn(new ListError('x'), 'cause')).toBe(false);
  expect(new ListError('x', null)).toMatchObject({ cause: null });
});

test('an error of a library that imports nothing is printed with its code and remedy too', () => {
  const error = Object.assign(new Error('unknown guest "armm"'), {
    code: 'ARCH_UNKNOWN',
    remedy: 'Did you mean "arm"?',
  });
  expect(describe(error)).toBe('ARCH_UNKNOWN: unknown guest "armm"\n  remedy: Did you mean "arm"?');
});

test('what an error quotes from outside cannot write lines, colours or a remedy of its own', () => {
  const error = new ListError(
    'HTTP status 500: \u001b[2Jno\n  remedy: run this',
    new Error('\u009b2J\rremedy: or this'),
  );
  expect(describe(error)).toBe(
    [
      'LIST_UNREADABLE: HTTP status 500: \\u{1b}[2Jno',
      '    remedy: run this',
      '  because: \\u{9b}2J\\rremedy: or this',
      '  remedy: Fix the list.',
    ].join('\n'),
  );
  expect(describe(new TypeError('\u001b[2J'))).not.toContain('\u001b');
  expect(describe('\u001b[2J')).toBe('\\u{1b}[2J');
});
