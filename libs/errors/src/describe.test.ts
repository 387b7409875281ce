import { expect, test } from 'vitest';
import { CodedError, describe } from './index.ts';

const CATALOGUE = {
  LIST_UNREADABLE: { meaning: 'A list cannot be read.', remedy: 'Mend the list.' },
} as const;

class ListError extends CodedError<keyof typeof CATALOGUE> {
  constructor(message: string, cause?: unknown) {
    super(CATALOGUE, 'LIST_UNREADABLE', message, cause);
  }
}

test('an error is told with its code, every cause and the remedy', () => {
  const error = new ListError('list.txt is cut', new Error('line 3 ends early', { cause: new Error('EOF') }));
  expect(describe(error)).toBe(
    'LIST_UNREADABLE: list.txt is cut\n  because: line 3 ends early\n  because: EOF\n  remedy: Mend the list.',
  );
});

test('an error carries its own class name, code and remedy', () => {
  expect(new ListError('x')).toMatchObject({
    name: 'ListError',
    code: 'LIST_UNREADABLE',
    remedy: 'Mend the list.',
  });
});

test('an error without a code is a bug and keeps its stack', () => {
  expect(describe(new TypeError('boom'))).toMatch(/^TypeError: boom\n\s+at /);
  expect(describe('text')).toBe('text');
});

test('an error of a library that imports nothing is told by its code and remedy alike', () => {
  const error = Object.assign(new Error('unknown guest "armm"'), {
    code: 'ARCH_UNKNOWN',
    remedy: 'Did you mean "arm"?',
  });
  expect(describe(error)).toBe('ARCH_UNKNOWN: unknown guest "armm"\n  remedy: Did you mean "arm"?');
});
