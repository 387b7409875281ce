import { describe, expect, test } from 'vitest';
import { readTar } from './tar.ts';
import { makeTar, type TestFile } from './testing/packages.ts';

async function refusal(tar: Uint8Array): Promise<string> {
  try {
    for await (const entry of readTar(inPieces(tar))) await entry.read();
    return 'read';
  } catch (error) {
    return (error as { code: string }).code;
  }
}

/** The bytes in pieces that fit nothing. */
async function* inPieces(bytes: Uint8Array) {
  for (let at = 0; at < bytes.length; at += 997) yield bytes.subarray(at, at + 997);
}

describe('a malformed tar archive is refused', () => {
  test('if it is cut short or damaged', async () => {
    const tar = await makeTar([{ path: 'a', body: 'x'.repeat(2000) }, { path: 'b' }]);
    const damaged = Buffer.from(tar);
    damaged.write('evil', 0);
    const trailing = Buffer.concat([tar, Buffer.alloc(512, 1)]);
    for (const data of [
      tar.subarray(0, 100),
      tar.subarray(0, 1500),
      tar.subarray(0, -1024),
      damaged,
      trailing,
    ]) {
      expect(await refusal(data), `${data.length} bytes`).toBe('TAR_MALFORMED');
    }
  });

  test.each<[string, ...TestFile[]]>([
    ['a path twice', { path: 'a' }, { path: './a' }],
    ['a device', { path: 'a', header: { type: 'character-device' } }],
    ['a pipe', { path: 'a', header: { type: 'fifo' } }],
    ['a link to a file that is not there', { path: 'a', header: { type: 'link', linkname: 'b' } }],
    ['a file below a file', { path: 'a' }, { path: 'a/b/c' }],
    [
      'a file below a hard link',
      { path: 'a' },
      { path: 'b', header: { type: 'link', linkname: 'a' } },
      { path: 'b/c' },
    ],
    [
      'a symlink where a directory is',
      { path: 'a/b' },
      { path: 'a', header: { type: 'symlink', linkname: 'c' } },
    ],
  ])('if it has %s', async (_, ...files) => {
    expect(await refusal(await makeTar(files))).toBe('TAR_MALFORMED');
  });
});

test('the root is not an entry, however it is written', async () => {
  const names = async (root: string) => {
    const tar = await makeTar([{ path: root, header: { type: 'directory' } }, { path: './a' }]);
    return (await Array.fromAsync(readTar(inPieces(tar)))).map(({ path }) => path);
  };
  expect([await names('.'), await names('./')]).toEqual([['a'], ['a']]);
});

test.each([
  [2 ** 30, 'Tar archive is truncated.'],
  [2 ** 30 + 1, 'it has a file of 1073741825 bytes'],
])(
  'an archive whose file of %i bytes is not there is refused before there is memory for it: %s',
  async (size, message) => {
    const tar = await makeTar([{ path: 'a' }]);
    // The size, and the checksum of the header that has spaces in the place of the checksum.
    tar.write(`${size.toString(8).padStart(11, '0')}\0`, 124, 'latin1');
    tar.fill(' ', 148, 156);
    const sum = tar.subarray(0, 512).reduce((total, byte) => total + byte, 0);
    tar.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
    const entries = Array.fromAsync(readTar(inPieces(tar)));
    await expect(entries).rejects.toMatchObject({
      code: 'TAR_MALFORMED',
      message,
    });
  },
);

describe('a path that climbs out is refused', () => {
  const link = (path: string, linkname: string): TestFile => ({
    path,
    header: { type: 'symlink', linkname },
  });

  test.each<[string, ...TestFile[]]>([
    ['up', { path: '../etc/passwd' }],
    ['up from inside', { path: './usr/../../etc/passwd' }],
    ['to the top', { path: '..' }],
    ['absolute', { path: '/etc/passwd' }],
    ['with a segment that leads nowhere', { path: 'usr/./bin' }],
    ['as the root', link('.', 'etc')],
    ['with an empty segment', { path: 'usr//bin' }],
    ['with a backslash', { path: '..\\etc' }],
    ['with a newline', { path: 'usr/a\nb' }],
    ['with a control character of Latin-1', { path: 'usr/a\u009bb' }],
    ['longer than Linux allows', { path: `${'a/'.repeat(2048)}b` }],
    ['through a symlink', link('usr/lib', '/etc'), { path: 'usr/lib/passwd' }],
    ['deep through a symlink', link('usr/lib', 'share'), { path: 'usr/lib/a/b/c' }],
    ['as a hard link', { path: 'a', header: { type: 'link', linkname: '../etc/passwd' } }],
    ['as a hard link, absolute', { path: 'a', header: { type: 'link', linkname: '/etc/passwd' } }],
    ['as the target of a symlink', link('usr/a', '../../etc/passwd')],
    ['as the target of a symlink, with a slash at its end', link('usr/a', '../../etc/')],
    ['as the target of a symlink, past segments that lead nowhere', link('usr/a', './/../../etc')],
    ['as the target of a symlink, and back in again', link('a', '../usr/a')],
  ])('%s', async (_, ...files) => {
    expect(await refusal(await makeTar(files))).toBe('PATH_UNSAFE');
  });

  test('but one of 4096 characters is not too long', async () => {
    expect(await refusal(await makeTar([{ path: `${'a/'.repeat(2047)}bc` }]))).toBe('read');
  });

  test('but links inside the system are fine', async () => {
    const files = [
      link('usr/a', '../etc/passwd'),
      link('usr/b', '/etc/passwd'),
      // The root is its own parent.
      link('usr/f', '/../etc/passwd'),
      link('usr/c/d', 'e/../../f'),
      link('usr/e', 'f/../../g'),
    ];
    expect(await refusal(await makeTar(files))).toBe('read');
  });
});
