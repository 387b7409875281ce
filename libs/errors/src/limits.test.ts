import { describe, expect, test } from 'vitest';
import { isLimit } from './index.ts';

const withCode = (code: string) => Object.assign(new Error('it failed'), { code });

describe('a limit of the machine is', () => {
  test.each([
    ['no further open file', withCode('EMFILE')],
    ['no further process', withCode('EAGAIN')],
    ['no memory for a compressor', withCode('ZSTD_error_memory_allocation')],
    ['no memory for a buffer', new RangeError('Array buffer allocation failed')],
    [
      'no memory for a module of WebAssembly',
      new RangeError('WebAssembly.Memory(): could not allocate memory'),
    ],
  ])('%s', (_, error) => {
    expect(isLimit(error)).toBe(true);
  });
});

describe('a limit of the machine is not', () => {
  test.each([
    ['a file that is missing', withCode('ENOENT')],
    ['an error without a code', new Error('it failed')],
    ['a number out of range', new RangeError('Invalid array length')],
    ['another error that speaks of memory', new Error('Array buffer allocation failed')],
    ['what is not an error', { code: 'EMFILE' }],
    ['nothing', undefined],
  ])('%s', (_, cause) => {
    expect(isLimit(cause)).toBe(false);
  });
});
