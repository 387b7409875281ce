import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openFiles } from '@qemu-user-static/files/testing';
import { describe, expect, onTestFinished, test } from 'vitest';
import {
  below,
  debianTarOf,
  declaredLicenses,
  fetchFrom,
  fetchSources,
  openHttp,
  openSuite,
  readSourceCopyright,
  type SourcePackage,
} from './index.ts';
import { findSources } from './source-packages.ts';
import { makeArchive } from './testing/archive.ts';
import { temporaryFolder } from './testing/folder.ts';
import { compress, makePackage, makeTar, sha256 } from './testing/packages.ts';
import { serve } from './testing/server.ts';

const COPYRIGHT = `Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: hello

Files: *
Copyright: someone
License: GPL-2+

Files: lib/*
Copyright: someone else
License: BSD-3-clause  or Expat
 Permission is granted.
 License: this line is text

License: GPL-2+
 A text.
`;

test('from the signature of a suite to the licences of a source package', async () => {
  const source = { name: 'hello', version: '1:2.0-1', copyright: COPYRIGHT };
  const older = { ...source, version: '1:1.0-1' };
  const { key, files } = await makeArchive([await makePackage({}, [])], { sources: [older, source] });
  const server = await serve(files);
  const http = openHttp({});
  onTestFinished(async () => void (await Promise.all([server.close(), http.close()])));
  const context = {
    keys: [key.trusted],
    now: new Date('2026-11-23T12:00:00Z'),
    acceptExpired: false,
    cache: await temporaryFolder(),
    http,
  };
  const suite = await openSuite(
    server.url,
    { origin: 'Debian', suite: 'unstable', codename: 'sid' },
    context,
  );

  const unknown = { name: 'hello', version: '9' };
  const [found, ...others] = await fetchSources(suite, [{ name: 'hello', version: '1:2.0-1' }, unknown]);
  expect(others).toEqual([]);
  expect(found?.files.map(({ path }) => path)).toEqual([
    'pool/main/h/hello/hello_2.0-1.dsc',
    'pool/main/h/hello/hello_2.0.orig.tar.xz',
    'pool/main/h/hello/hello_2.0-1.debian.tar.xz',
  ]);
  const tar = debianTarOf((found as SourcePackage).files);
  if (tar === undefined) throw new Error('no debian.tar');
  const path = await fetchFrom(below(server.url, tar.path), tar, context);
  expect(await readSourceCopyright(path, tar)).toBe(COPYRIGHT);
});

test('licences are those that the copyright file names', () => {
  expect(declaredLicenses(COPYRIGHT)).toEqual(['BSD-3-clause or Expat', 'GPL-2+']);
});

const FORMAT = 'https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/';

test.each([
  ['without encryption', `Format: ${FORMAT.replace('https', 'http')}\nLicense: MIT\n`],
  ['in a line of its own', `Format:\n ${FORMAT}\nLicense: MIT\n`],
  ['without a space', `Format:${FORMAT}\nLicense:MIT\n`],
  ['with more spaces', `Format: ${FORMAT}\nLicense:  MIT  \n`],
])('a licence is named by a file whose form is given %s', (_, text) => {
  expect(declaredLicenses(text)).toEqual(['MIT']);
});

test.each([
  ['that says nothing of its form', 'This is glibc.\n\nLicense: GPL-2\n'],
  ['with the form within a line', `It has no Format: ${FORMAT}\n\nLicense: GPL-2\n`],
  ['with the form far behind its beginning', `${'x\n'.repeat(500)}Format: ${FORMAT}\n\nLicense: GPL-2\n`],
])('a copyright file for people names none: one %s', (_, text) => {
  expect(declaredLicenses(text)).toEqual([]);
});

test('a native package has its copyright file among all others', () => {
  expect(debianTarOf([{ path: 'pool/main/h/hello_1.tar.xz', size: 1, sha256: '' }])).toBeUndefined();
});

test.each([
  ['a path that climbs', 'Directory: ../pool\nChecksums-Sha256:\n HASH 1 a.dsc', 'PATH_UNSAFE'],
  ['a name with a slash', 'Directory: pool\nChecksums-Sha256:\n HASH 1 b/a.dsc', 'INDEX_MALFORMED'],
  ['no SHA-256', 'Directory: pool\nFiles:\n HASH 1 a.dsc', 'INDEX_MALFORMED'],
  ['no folder', 'Checksums-Sha256:\n HASH 1 a.dsc', 'INDEX_MALFORMED'],
  ['a size that is not a number', 'Directory: pool\nChecksums-Sha256:\n HASH x a.dsc', 'INDEX_MALFORMED'],
  ['a hash of more digits', 'Directory: pool\nChecksums-Sha256:\n 0HASH 1 a.dsc', 'INDEX_MALFORMED'],
])('an index is refused for %s', async (_, fields, code) => {
  const text = `Package: hello\nVersion: 1\n${fields.replace('HASH', 'a'.repeat(64))}\n`;
  const chunks = (async function* () {
    yield Buffer.from(text);
  })();
  await expect(findSources(chunks, [{ name: 'hello', version: '1' }])).rejects.toMatchObject({ code });
});

describe('of a source package in an index', () => {
  const find = (...paragraphs: string[]) => {
    const chunks = (async function* () {
      yield Buffer.from(paragraphs.map((fields) => `Package: hello\n${fields}\n`).join('\n'));
    })();
    return findSources(chunks, [{ name: 'hello', version: '1' }]);
  };
  const entry = (line: string) => `Version: 1\nDirectory: pool\nChecksums-Sha256:\n ${line}`;
  const file = (name: string) => ({ path: `pool/${name}`, size: 1, sha256: 'a'.repeat(64) });

  test('the columns may be wide', async () => {
    const [found] = await find(entry(`${'a'.repeat(64)}   1   a.dsc`));
    expect(found?.files).toEqual([file('a.dsc')]);
  });

  test('the first paragraph of a version counts', async () => {
    const [first, second] = ['a.dsc', 'b.dsc'].map((name) => entry(`${'a'.repeat(64)} 1 ${name}`));
    expect(await find(first ?? '', second ?? '')).toEqual([
      { name: 'hello', version: '1', files: [file('a.dsc')] },
    ]);
  });

  test('a version that is not wanted is not looked at', async () => {
    expect(await find('Version: 2')).toEqual([]);
  });
});

describe('the archive of a copyright file', () => {
  const files = [
    { path: 'debian/' },
    { path: 'debian/copyright', body: 'mine' },
    { path: 'debian/rules', body: 'x' },
  ];
  const write = async (bytes: Uint8Array) => {
    const path = join(await temporaryFolder(), 'tar');
    await writeFile(path, bytes);
    return path;
  };
  const described = (bytes: Uint8Array, compression: string) => ({
    path: `pool/a_1.debian.tar.${compression}`,
    size: bytes.length,
    sha256: sha256(bytes),
  });

  test.each(['xz', 'gz', 'zst'] as const)(
    'compressed with %s is hashed as it is read',
    async (compression) => {
      const tar = compress(await makeTar(files), compression);
      const file = described(tar, compression);
      expect(await readSourceCopyright(await write(tar), file)).toBe('mine');
      const other = compress(await makeTar([...files, { path: 'debian/more' }]), compression);
      const code = expect.stringMatching(/^(SIZE|HASH)_DIFFERS$/);
      await expect(readSourceCopyright(await write(other), file)).rejects.toMatchObject({ code });
    },
  );

  test('may have no copyright file', async () => {
    const tar = compress(await makeTar([{ path: 'debian/copyright/' }]), 'xz');
    expect(await readSourceCopyright(await write(tar), described(tar, 'xz'))).toBeNull();
  });

  test('is refused if it has another name than that of one', async () => {
    const tar = compress(await makeTar(files), 'xz');
    const other = { ...described(tar, 'xz'), path: 'pool/a_1.debian.tar.xz.asc' };
    await expect(readSourceCopyright(await write(tar), other)).rejects.toMatchObject({
      code: 'TAR_MALFORMED',
      message: 'pool/a_1.debian.tar.xz.asc is not a debian.tar',
    });
    expect(debianTarOf([other])).toBeUndefined();
  });

  test('is refused if the text is far too long, and is closed then', async () => {
    const of = async (length: number) => {
      const body = Buffer.alloc(length, 'x');
      const tar = compress(await makeTar([{ path: 'debian/copyright', body }]), 'gz');
      const path = await write(tar);
      return { path, text: readSourceCopyright(path, described(tar, 'gz')) };
    };
    expect(await (await of(16 << 20)).text).toHaveLength(16 << 20);
    const { path, text } = await of((16 << 20) + 1);
    await expect(text).rejects.toMatchObject({
      code: 'TAR_MALFORMED',
      message: 'debian/copyright has 16777217 bytes',
    });
    await expect.poll(openFiles, { timeout: 4000 }).not.toContain(path);
  });

  test('is refused if it is not a tar archive: by the fault of xz if it is the signed one', async () => {
    const tar = compress(Buffer.from('hello'), 'xz');
    const code = (work: Promise<unknown>) => work.catch((error) => error.code);
    expect(await code(readSourceCopyright(await write(tar), described(tar, 'xz')))).toBe('XZ_FAILED');
    const other = described(Buffer.from(tar).fill(0, tar.length - 1), 'xz');
    expect(await code(readSourceCopyright(await write(tar), other))).toBe('HASH_DIFFERS');
    const gzip = compress(Buffer.from('hello'), 'gz');
    expect(await code(readSourceCopyright(await write(gzip), described(gzip, 'gz')))).toBe('TAR_MALFORMED');
  });
});
