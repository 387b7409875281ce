import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makePackage, type TestFile } from '@qemu-user-static/debian-archive/testing';
import { makeProgram } from '@qemu-user-static/lock/testing';
import { afterAll, describe, expect, test } from 'vitest';
import { lockedMade } from '../testing/packages.ts';
import { extractEmulators, extractShell } from './extract.ts';

const folder = await mkdtemp(join(tmpdir(), 'extract-'));
afterAll(() => rm(folder, { recursive: true, force: true }));

const PLATFORM = 'linux/amd64';
const program = makeProgram(PLATFORM, 'x');
const executable = (path: string, mode = 0o755): TestFile => ({ path, body: program, header: { mode } });
const copyright = (name: string): TestFile => ({
  path: `./usr/share/doc/${name}/copyright`,
  body: `licence of ${name}`,
});

/** A package in a folder of its own, where what is found out about it is kept. */
async function packed(files: readonly TestFile[], pattern: string) {
  const made = await makePackage({ package: 'p', version: '1-1', architecture: 'amd64' }, files);
  const own = await mkdtemp(join(folder, 'package-'));
  const deb = join(own, 'p.deb');
  await writeFile(deb, made.deb);
  return { own, deb, locked: lockedMade(made, pattern) };
}
async function emulatorsIn(...files: TestFile[]) {
  const { own, deb, locked } = await packed(files, 'usr/bin/qemu-{guest}');
  const found: string[] = [];
  const work = async () => {
    for await (const one of extractEmulators(deb, locked, PLATFORM))
      found.push(
        `${one.kind} ${one.kind === 'emulator' ? one.guest : one.kind === 'license' ? one.license.path : one.path}`,
      );
  };
  return { own, deb, locked, found, work };
}

describe('emulators', () => {
  test('are those that the table has; others are named, and licence texts come along', async () => {
    const { found, work } = await emulatorsIn(
      copyright('p'),
      executable('./usr/bin/qemu-arm'),
      executable('./usr/bin/qemu-cris'),
      executable('./usr/bin/qemu-arm64'),
      executable('./usr/lib/qemu-mips'),
      { path: './usr/bin/qemu-aarch64_be', header: { type: 'symlink', linkname: 'qemu-arm' } },
      { path: './usr/share/doc/p/README', body: 'read me' },
      { path: './usr/share/doc/p/more/copyright', body: 'elsewhere' },
      { path: './opt/usr/share/doc/p/copyright', body: 'elsewhere' },
      { path: './usr/share/doc/p/copyright.old', body: 'of before' },
      { path: './usr/share/doc/q/copyright', header: { type: 'symlink', linkname: '../p/copyright' } },
    );
    await work();
    expect(found).toEqual([
      'license usr/share/doc/p/copyright',
      'emulator arm',
      'unknown usr/bin/qemu-cris',
      'unknown usr/bin/qemu-arm64',
    ]);
  });

  test.each([0o644, 0o754, 0o745, 0o655])('that not everyone may run are refused: mode %o', async (mode) => {
    const { work } = await emulatorsIn(executable('./usr/bin/qemu-arm', mode));
    await expect(work()).rejects.toMatchObject({
      code: 'EMULATOR_INVALID',
      message: 'usr/bin/qemu-arm for linux/amd64 is not executable',
    });
  });

  test('for another CPU are refused', async () => {
    const other = makeProgram('linux/arm64', 'x');
    const { work } = await emulatorsIn({ path: './usr/bin/qemu-arm', body: other, header: { mode: 0o755 } });
    await expect(work()).rejects.toMatchObject({ code: 'EMULATOR_INVALID' });
  });

  test('have to be there', async () => {
    const { work } = await emulatorsIn(copyright('p'), executable('./usr/bin/qemu-cris'));
    await expect(work()).rejects.toMatchObject({
      code: 'PACKAGE_CONTENT_MISSING',
      message: expect.stringMatching(/ has no usr\/bin\/qemu-\{guest\}$/),
    });
  });

  test('of a package that is not the lock’s end in an error, and nothing is kept of it', async () => {
    const { own, deb, locked } = await emulatorsIn(executable('./usr/bin/qemu-arm'));
    const other = { ...locked, sha256: '0'.repeat(64) };
    const work = async () => {
      for await (const _ of extractEmulators(deb, other, PLATFORM));
    };
    await expect(work()).rejects.toMatchObject({ code: 'HASH_DIFFERS' });
    expect(await readdir(own)).toEqual(['p.deb']);
  });

  test('leave the hashes of what was read beside the package', async () => {
    const { own, locked, work } = await emulatorsIn(copyright('p'), executable('./usr/bin/qemu-arm'));
    await work();
    const record = JSON.parse(await readFile(join(own, '.memo', `contents-${locked.sha256}.json`), 'utf8'));
    expect(record.value.map(([path]: [string]) => path)).toEqual([
      'usr/share/doc/p/copyright',
      'usr/bin/qemu-arm',
    ]);
  });
});

describe('the shell', () => {
  const shellIn = async (...files: TestFile[]) => {
    const { deb, locked } = await packed(files, 'usr/bin/busybox');
    return extractShell(deb, locked, PLATFORM);
  };

  test('is one file of its package, and its licence texts', async () => {
    const found = await shellIn(
      copyright('p'),
      executable('./usr/bin/busybox'),
      executable('./bin/busybox'),
      copyright('q'),
      { path: './usr/share/doc/r/copyright', header: { type: 'symlink', linkname: '../p/copyright' } },
    );
    expect(Buffer.from(found.program)).toEqual(program);
    expect(found.licenses.map(({ path, text }) => [path, Buffer.from(text).toString()])).toEqual([
      ['usr/share/doc/p/copyright', 'licence of p'],
      ['usr/share/doc/q/copyright', 'licence of q'],
    ]);
  });

  test.each<[string, TestFile]>([
    ['elsewhere', executable('./bin/busybox')],
    ['a link', { path: './usr/bin/busybox', header: { type: 'symlink', linkname: 'sh' } }],
  ])('is missing where it is %s', async (_, file) => {
    await expect(shellIn(copyright('p'), file)).rejects.toMatchObject({
      code: 'PACKAGE_CONTENT_MISSING',
      message: expect.stringMatching(/ has no usr\/bin\/busybox$/),
    });
  });

  test('for another CPU is refused', async () => {
    const other = makeProgram('linux/arm64', 'x');
    await expect(
      shellIn({ path: './usr/bin/busybox', body: other, header: { mode: 0o755 } }),
    ).rejects.toMatchObject({ code: 'EMULATOR_INVALID' });
  });
});
