import { expect, test } from 'vitest';
import { printable } from './index.ts';

test('text from outside neither moves the cursor nor ends a line', () => {
  expect(printable('a\nb\u001b[2J\u009b2J\u007f\u2028')).toBe('a\\u000ab\\u001b[2J\\u009b2J\\u007f\\u2028');
});

test('text from outside does not change the direction of other text', () => {
  expect(printable('\u202etxt.exe\u2066\u200f')).toBe('\\u202etxt.exe\\u2066\\u200f');
});

test('every other character stays', () => {
  expect(printable('lätest – 11.1.3 🙂')).toBe('lätest – 11.1.3 🙂');
});
