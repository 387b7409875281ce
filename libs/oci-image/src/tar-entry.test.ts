import { execFileSync } from 'node:child_process';
import { unpackTar } from 'modern-tar';
import { expect, test } from 'vitest';
import { END_OF_ARCHIVE, type TarEntry, tarEntry, tarEntryLength } from './index.ts';
import { tarHeader } from './tar-entry.ts';

const MTIME = 1_793_347_681;
const PROGRAM = Buffer.from('\x7fELF and more');
const ENTRIES: [TarEntry, Uint8Array][] = [
  [{ path: 'usr', type: 'directory', mode: 0o755, size: 0 }, new Uint8Array()],
  [{ path: 'usr/bin/qemu-arm-static', type: 'file', mode: 0o755, size: PROGRAM.length }, PROGRAM],
  [{ path: 'bin/sh', type: 'symlink', mode: 0o777, size: 0, linkname: 'busybox' }, new Uint8Array()],
  [{ path: 'tmp', type: 'directory', mode: 0o1777, size: 0 }, new Uint8Array()],
];
const archive = Buffer.concat([
  ...ENTRIES.flatMap(([entry, content]) => tarEntry(entry, content, MTIME)),
  END_OF_ARCHIVE,
]);

test('another reader finds what was written', async () => {
  const found = await unpackTar(archive, { strict: true });
  expect(
    found.map(({ header: { name, type, mode, uid, gid, mtime, linkname }, data }) => [
      name,
      type,
      mode,
      uid,
      gid,
      mtime?.getTime(),
      linkname ?? '',
      Buffer.from(data ?? []).toString(),
    ]),
  ).toEqual([
    ['usr/', 'directory', 0o755, 0, 0, MTIME * 1000, '', ''],
    ['usr/bin/qemu-arm-static', 'file', 0o755, 0, 0, MTIME * 1000, '', PROGRAM.toString()],
    ['bin/sh', 'symlink', 0o777, 0, 0, MTIME * 1000, 'busybox', ''],
    ['tmp/', 'directory', 0o1777, 0, 0, MTIME * 1000, '', ''],
  ]);
});

test('GNU tar lists it', () => {
  const listing = execFileSync('tar', ['-tv', '--numeric-owner'], {
    input: archive,
    env: { ...process.env, TZ: 'UTC', LC_ALL: 'C' },
  }).toString();
  expect(listing.split('\n')[1]).toMatch(/^-rwxr-xr-x 0\/0\s+13 2026-10-30 08:08 usr\/bin\/qemu-arm-static$/);
  expect(listing.split('\n')[3]).toMatch(/^drwxrwxrwt 0\/0 /);
});

test('a header is of POSIX, and of root by number and by name', () => {
  const header = Buffer.from(tarHeader({ path: 'a', type: 'file', mode: 0o644, size: 0 }, MTIME));
  const text = (from: number, to: number) => header.toString('latin1', from, to);
  expect(text(108, 124)).toBe('0000000\0'.repeat(2));
  expect(text(257, 345)).toBe(`ustar\x0000${'root'.padEnd(32, '\0').repeat(2)}${'\0'.repeat(16)}`);
});

test('an entry is as long as was said beforehand', () => {
  for (const size of [0, 1, 511, 512, 513]) {
    const entry = tarEntry({ path: 'a', type: 'file', mode: 0o644, size }, new Uint8Array(size), 0);
    expect(Buffer.concat(entry).length).toBe(tarEntryLength(size));
  }
});

test('what ustar cannot say is refused', () => {
  const write = (entry: Partial<TarEntry>) =>
    tarEntry({ path: 'a', type: 'file', mode: 0o644, size: 0, ...entry }, new Uint8Array(), 0);
  expect(() => write({ path: 'x'.repeat(101) })).toThrow(
    expect.objectContaining({ code: 'TAR_UNREPRESENTABLE' }),
  );
  expect(() => write({ path: 'ü'.repeat(51) })).toThrow('the path of');
  expect(() => write({ type: 'symlink', linkname: 'x'.repeat(101) })).toThrow('the link target of a');
  expect(() => write({ mode: 0o77777777 })).toThrow('the mode of a');
  const header = (size: number) => tarHeader({ path: 'a', type: 'file', mode: 0o644, size }, 0);
  expect(() => header(8 ** 11)).toThrow('the size of a');
  expect(() => header(8 ** 11 - 1)).not.toThrow();
  expect(() => write({ path: 'x'.repeat(100) })).not.toThrow();
  expect(() => write({ path: 'x'.repeat(100), type: 'directory' })).toThrow('the path of');
});
