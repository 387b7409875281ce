import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { formerly, imageName, layouts, making, onlyOne, registries, selectionOf, shown } from './options.ts';

type Parsing = { readonly long?: string | undefined; readonly parseArg?: unknown };
/** What an option makes of texts, one after the other. */
function parsed(options: readonly Parsing[], long: string, ...texts: string[]): unknown {
  const parse = options.find((one) => one.long === long)?.parseArg as (
    text: string,
    before?: unknown,
  ) => unknown;
  return texts.reduce<unknown>((before, text) => parse(text, before), undefined);
}

test.each([
  ['1', 1],
  ['9', 9],
  ['99', 99],
])('--connections %s', (text, number) => {
  expect(parsed(registries(), '--connections', text)).toBe(number);
});

test.each(['0', '100', '-1', '1.5', '', ' 1', 'many'])('--connections %j is wrong usage', (text) => {
  expect(() => parsed(registries(), '--connections', text)).toThrow('from 1 to 99');
});

test.each([
  ['gzip', ['gzip']],
  ['gzip,zstd', ['gzip', 'zstd']],
  ['zstd,gzip', ['gzip', 'zstd']],
])('--compression %s', (text, compressions) => {
  expect(parsed(making(), '--compression', text)).toEqual(compressions);
});

test.each(['zstd', 'gzip,xz', 'gzip,gzip', '', 'GZIP'])('--compression %j is wrong usage', (text) => {
  expect(() => parsed(making(), '--compression', text)).toThrow('Give gzip or gzip,zstd');
});

test('an option that may be repeated takes lists too, in their order', () => {
  expect(parsed(making(), '--channel', 'a,b', 'c')).toEqual(['a', 'b', 'c']);
  expect(parsed(making(), '--platform', 'arm64', 'linux/amd64,armv7l')).toEqual([
    ...['linux/arm64', 'linux/amd64', 'linux/arm/v7'],
  ]);
  expect(() => parsed(making(), '--platform', 'amd64,vax')).toThrow('vax');
});

test('an option under its earlier name reads what it reads now, under the same name', () => {
  const [now, earlier] = layouts();
  expect([earlier.long, earlier.attributeName()]).toEqual(['--from', now.attributeName()]);
  expect(parsed([earlier], '--from', 'a,b')).toEqual(parsed([now], '--layout', 'a,b'));
  expect(earlier.hidden).toBe(true);
  expect(formerly('--old', now).attributeName()).toBe('layout');
});

describe('a selection', () => {
  test('without a channel is that of the default one; each is named once', () => {
    expect(selectionOf({ channel: [], platform: [] })).toEqual({ channels: ['latest'], platforms: [] });
    expect(selectionOf({ channel: ['b', 'a', 'b'], platform: ['linux/amd64'] })).toEqual({
      channels: ['b', 'a'],
      platforms: ['linux/amd64'],
    });
  });

  test('of one image takes one of each', () => {
    expect(onlyOne('--channel', [])).toBe(undefined);
    expect(onlyOne('--channel', ['a'])).toBe('a');
    expect(() => onlyOne('--channel', ['a', 'b'])).toThrow('give --channel once, not a and b');
  });
});

test('an image is named as the project, in lower case, unless another name is given', () => {
  const source = { source: 'https://example.org/Owner/Repo' };
  expect(imageName({ image: 'arm' }, source)).toEqual({ repository: 'owner/repo', tag: 'arm' });
  expect(imageName({ image: 'arm', name: 'mine' }, source)).toEqual({ repository: 'mine', tag: 'arm' });
});

test('a path is shown relative where that is shorter', () => {
  expect(shown(join(process.cwd(), 'dist/oci'))).toBe('dist/oci');
  expect(shown(process.cwd())).toBe(process.cwd());
  expect(shown('/x')).toBe('/x');
});
