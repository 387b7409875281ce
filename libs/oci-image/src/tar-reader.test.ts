import { describe, expect, test } from 'vitest';
import { END_OF_ARCHIVE, type TarEntry, tarHeader } from './tar-entry.ts';
import { type TarHeader, TarReader } from './tar-reader.ts';

const FILE: TarEntry = { path: 'usr/qemu', type: 'file', mode: 0o755, size: 0 };

/** A header with other texts at some places, and a checksum that fits. */
function headerWith(places: Readonly<Record<number, string>>, entry: Partial<TarEntry> = {}): Buffer {
  const block = Buffer.from(tarHeader({ ...FILE, ...entry }, 0));
  for (const [at, text] of Object.entries(places)) block.write(text, Number(at), 'latin1');
  block.fill(' ', 148, 156);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return block;
}
const content = (text: string) => Buffer.concat([Buffer.from(text)], Math.ceil(text.length / 512) * 512);

/** The entries of an archive, with their contents, by pieces of so many bytes. */
function read(blocks: readonly Uint8Array[], size = 4096) {
  const archive = Buffer.concat([...blocks, END_OF_ARCHIVE]);
  const entries: (TarHeader & { text: string })[] = [];
  const tar = new TarReader((header) => {
    let text = '';
    return {
      update: (chunk) => {
        text += Buffer.from(chunk).toString();
      },
      end: () => entries.push({ ...header, text }),
    };
  });
  for (let at = 0; at < archive.length; at += size) tar.write(archive.subarray(at, at + size));
  tar.end();
  return entries;
}

test.each([1, 7, 512, 4096])('entries are the same in pieces of %i bytes', (size) => {
  const long = 'x'.repeat(512);
  const blocks = [
    headerWith({}, { size: 5 }),
    content('hello'),
    headerWith({}, { path: 'full', size: 512 }),
    content(long),
    headerWith({}, { path: 'empty' }),
  ];
  expect(read(blocks, size).map(({ path, text }) => [path, text])).toEqual([
    ['usr/qemu', 'hello'],
    ['full', long],
    ['empty', ''],
  ]);
});

test('an entry has what its header says', () => {
  const [entry] = read([headerWith({ 108: '0000007\0', 116: ' 000010 ', 157: 'target' }, { mode: 0o4711 })]);
  expect(entry).toEqual({
    path: 'usr/qemu',
    type: 'file',
    mode: 0o4711,
    uid: 7,
    gid: 8,
    size: 0,
    linkname: 'target',
    extended: false,
    text: '',
  });
});

test.each([
  ['\0', 'file'],
  ['0', 'file'],
  ['1', 'link'],
  ['2', 'symlink'],
  ['3', 'character-device'],
  ['4', 'block-device'],
  ['5', 'directory'],
  ['6', 'fifo'],
  ['7', 'contiguous-file'],
  ['S', '"S"'],
])('the type %j is a %s', (flag, type) => {
  expect(read([headerWith({ 156: flag })])[0]?.type).toBe(type);
});

test('a file whose name ends in a slash is a folder, and a link is a link', () => {
  expect(read([headerWith({}, { path: 'usr/' })])[0]).toMatchObject({ path: 'usr', type: 'directory' });
  expect(read([headerWith({ 156: '2' }, { path: 'usr/' })])[0]).toMatchObject({
    path: 'usr',
    type: 'symlink',
  });
});

test.each(['0', '7', 'S'])('an entry of the type "%s" may have a content', (flag) => {
  expect(read([headerWith({ 156: flag }, { size: 3 }), content('abc')])[0]?.text).toBe('abc');
});

test.each([
  ['7 \0     ', 7],
  ['     7 \0', 7],
  ['        ', 0],
])('the number %j is %i', (text, number) => {
  expect(read([headerWith({ 108: text })])[0]?.uid).toBe(number);
});

test('a long path is in two parts, and a name may fill its place', () => {
  const name = 'n'.repeat(100);
  expect(read([headerWith({ 345: 'usr/share' }, { path: name })])[0]?.path).toBe(`usr/share/${name}`);
});

describe('what is said of entries that follow', () => {
  const paths = (flag: string) =>
    read([
      headerWith({}, { path: 'before' }),
      headerWith({ 156: flag }, { path: 'said', size: 3 }),
      content('abc'),
      headerWith({}, { path: 'next' }),
      headerWith({}, { path: 'last' }),
    ]).map(({ path, extended }) => [path, extended]);

  test.each(['x', 'L', 'K'])('by "%s" is of the next, and is no entry', (flag) => {
    expect(paths(flag)).toEqual([
      ['before', false],
      ['next', true],
      ['last', false],
    ]);
  });

  test('by "g" is of all, whatever is said of the next', () => {
    expect(paths('g')).toEqual([
      ['before', false],
      ['next', true],
      ['last', true],
    ]);
    const both = [headerWith({ 156: 'g' }), headerWith({ 156: 'x' }), headerWith({}), headerWith({})];
    expect(read(both).map(({ extended }) => extended)).toEqual([true, true]);
  });
});

test.each<[string, Uint8Array[], string]>([
  ['of GNU’s own form', [headerWith({ 257: 'ustar  \0' })], 'is not of POSIX ustar'],
  ['of another version', [headerWith({ 263: '01' })], 'is not of POSIX ustar'],
  ['with a size that is not octal', [headerWith({ 124: '00000000008' })], 'a number that is not octal'],
  ['with another checksum', [headerWith({}).fill('x', 0, 1)], 'a wrong checksum'],
  ['with a size in binary', [headerWith({ 124: '\x80' })], 'a number that is not octal'],
  ['of a link that has a content', [headerWith({ 156: '2' }, { size: 3 }), content('abc')], 'has a content'],
  ['behind a block of zeros', [new Uint8Array(512), headerWith({})], 'more behind its end'],
])('a header %s is refused', (_, blocks, message) => {
  expect(() => read(blocks)).toThrow(message);
});

test('it may go on with an entry only behind the whole of one, and not behind what is said of the next', () => {
  const tar = new TarReader(() => ({ update: () => undefined, end: () => undefined }));
  const states = [tar.isBetweenEntries];
  const pieces = [
    headerWith({}, { size: 5 }),
    ...[Buffer.from('he'), Buffer.from('llo'), new Uint8Array(507)],
    ...[headerWith({ 156: 'x' }), headerWith({}).subarray(0, 100), headerWith({}).subarray(100)],
    new Uint8Array(512),
  ];
  for (const piece of pieces) {
    tar.write(piece);
    states.push(tar.isBetweenEntries);
  }
  expect(states).toEqual([true, false, false, false, true, false, false, true, false]);
});

test('an end may be longer than two blocks of zeros, and is one only between entries', () => {
  expect(read([new Uint8Array(5120)])).toEqual([]);
  const open = () => ({ update: () => undefined, end: () => undefined });
  const tar = new TarReader(open);
  tar.write(headerWith({}, { size: 2 }));
  tar.write(new Uint8Array(1024));
  expect(() => tar.end()).toThrow('cut short');
  tar.write(new Uint8Array(512));
  expect(() => tar.end()).not.toThrow();
  tar.write(new Uint8Array(100));
  expect(() => tar.end()).toThrow('cut short');
});
