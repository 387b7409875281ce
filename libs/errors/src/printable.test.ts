import { expect, test } from 'vitest';
import { printable, printableLines } from './index.ts';

test.each([
  ['a line break', 'tag\nall is well', 'tag\\nall is well'],
  ['a return', 'tag\rall is well', 'tag\\rall is well'],
  ['a tab', 'a\tb', 'a\\tb'],
  ['an escape sequence', '\u001b[31mred', '\\u{1b}[31mred'],
  ['NUL', 'a\u0000b', 'a\\u{0}b'],
  ['delete', 'a\u007fb', 'a\\u{7f}b'],
  ['C1: an escape sequence in one byte', '\u009b31m', '\\u{9b}31m'],
  ['text that runs the other way', 'cod\u202etxt.exe', 'cod\\u{202e}txt.exe'],
  ['an isolate of direction', '\u2066a\u2069', '\\u{2066}a\\u{2069}'],
  ['a line separator', 'a\u2028b\u2029c', 'a\\u{2028}b\\u{2029}c'],
  ['nothing that is seen', 'lat\u200best\ufeff', 'lat\\u{200b}est\\u{feff}'],
  ['half a character', 'a\ud83d', 'a\\u{d83d}'],
  ['tags of language, that no terminal shows', 'a\u{e0041}', 'a\\u{e0041}'],
])('%s is escaped', (_, text, shown) => {
  expect(printable(text)).toBe(shown);
});

test.each(['11.1.3-1', 'Größe 5 MB → 6 MB', '/srv/späße/a b', '😀', 'C:\\temp', ''])(
  '%j is as it was',
  (text) => {
    expect(printable(text)).toBe(text);
  },
);

test('of several lines, a later one cannot pass for a line of ours', () => {
  const text = 'HTTP status 500:\nremedy: run this\n  remedy: or this\n  - an item\n    at x\u001b[0m\n';
  expect(printableLines(text)).toBe(
    'HTTP status 500:\n    remedy: run this\n    remedy: or this\n  - an item\n    at x\\u{1b}[0m',
  );
});

test.each(['remedy:    run this', 'remedy  - run this', ' - an item'])(
  'a later line is known by its beginning alone: %j is indented',
  (line) => {
    expect(printableLines(`first\n${line}`)).toBe(`first\n    ${line.trimStart()}`);
  },
);
