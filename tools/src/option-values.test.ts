import { createCommand, Option } from 'commander';
import { expect, test } from 'vitest';
import { platformsInsteadOf, positive } from './option-values.ts';

const DEFAULTS = ['linux/amd64'] as const;
const platforms = (...words: string[]) =>
  createCommand()
    .exitOverride()
    .configureOutput({ writeErr: () => undefined })
    .addOption(new Option('--platform <name...>').argParser(platformsInsteadOf(DEFAULTS)).default(DEFAULTS))
    .parse(words, { from: 'user' })
    .opts().platform;

test.each([
  ['no platform', [], ['linux/amd64']],
  ['another one', ['--platform', 'arm64'], ['linux/arm64']],
  ['the default', ['--platform', 'linux/amd64'], ['linux/amd64']],
  [
    'the default and another',
    ['--platform', 'linux/amd64', '--platform', '386'],
    ['linux/amd64', 'linux/386'],
  ],
  ['two at once', ['--platform', 'linux/amd64', 'linux/386'], ['linux/amd64', 'linux/386']],
])('%s', (_, words, expected) => {
  expect(platforms(...words)).toEqual(expected);
});

test('an unknown platform is refused', () => {
  expect(() => platforms('--platform', 'z80')).toThrow('z80');
});

test.each(['0', '-1', '1.5', 'x', ''])('%j is not a number above 0', (text) => {
  expect(() => positive(text)).toThrow('a whole number above 0 is needed.');
});

test('a number is one', () => {
  expect(positive('12')).toBe(12);
});
