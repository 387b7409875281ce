import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { elfPattern, escapeBytes, GUEST_NAMES, guest, registrationLine } from '@qemu-user-static/arch-table';
import { describe, expect, test } from 'vitest';
import { standIns } from './testing/emulators.ts';
import { guestsBut } from './testing/expected.ts';
import { run } from './testing/run.ts';
import { scratch, scriptFile } from './testing/script.ts';
import { SHELLS } from './testing/shells.ts';

const bin = standIns();
const files = (folder: string) =>
  Object.fromEntries(
    readdirSync(folder)
      .sort()
      .map((name) => [name, readFileSync(join(folder, name), 'utf8')]),
  );

describe.each(SHELLS)('files instead of entries, in $name', (shell) => {
  const call = (words: readonly string[], env = {}, cwd = '/') =>
    run([...shell.argv, scriptFile(), ...words], {
      env: { HOST_ARCH: 'aarch64', QEMU_BIN_DIR: '/usr/bin', ...env },
      cwd,
    });
  const folder = (name: string) => {
    const path = join(scratch(), `${shell.argv[0]}-${name}`);
    mkdirSync(path, { recursive: true });
    return path;
  };

  test('--systemd ALL writes one file a guest of another family, as binfmt.d(5) has it', async () => {
    const out = folder('all');
    expect((await call(['--systemd', 'ALL', '--exportdir', out, '-p', 'yes'])).code).toBe(0);
    expect(files(out)).toEqual(
      Object.fromEntries(
        guestsBut('arm').map((name) => [
          `qemu-${name}.conf`,
          `${registrationLine(name, `/usr/bin/qemu-${guest(name).emulator ?? name}-static`, 'F')}\n`,
        ]),
      ),
    );
    expect(statSync(join(out, 'qemu-x86_64.conf')).mode & 0o777).toBe(0o644);
  });

  test('--systemd CPU writes one, over what was there', async () => {
    const out = folder('one');
    await call(['--systemd', 's390x', '--exportdir', out]);
    expect(
      (await call(['-s', 's390x', '-e', out, '-c', 'yes', '-g', 'yes', '-p', 'yes', '-Q', '/q', '-F', '']))
        .code,
    ).toBe(0);
    expect(files(out)).toEqual({
      'qemu-s390x.conf': `${registrationLine('s390x', '/q/qemu-s390x', 'OCFP')}\n`,
    });
  });

  test('--debian writes templates for update-binfmts', async () => {
    const out = folder('debian');
    expect((await call(['--debian', '--exportdir', out, '-c', 'yes'])).code).toBe(0);
    expect(readdirSync(out)).toEqual(
      guestsBut('arm')
        .map((name) => `qemu-${name}`)
        .sort(),
    );
    const { magic, mask } = elfPattern(guest('mips'));
    expect(files(out)['qemu-mips']).toBe(
      [
        'package qemu-mips',
        'interpreter /usr/bin/qemu-mips-static',
        `magic ${escapeBytes(magic)}`,
        `mask ${escapeBytes(mask)}`,
        'credentials yes',
        'preserve no',
        'fix_binary no',
        '',
      ].join('\n'),
    );
  });

  test.each([
    ['', ['credentials no', 'preserve no', 'fix_binary no']],
    ['-g yes', ['credentials no', 'preserve yes', 'fix_binary no']],
    ['-p yes', ['credentials no', 'preserve no', 'fix_binary yes']],
    ['-c yes -p yes -g yes', ['credentials yes', 'preserve yes', 'fix_binary yes']],
  ])('the templates have the flags that are asked for: "%s"', async (words, expected) => {
    const { code, stdout } = await call(['--debian', '--dry-run', ...words.split(' ').filter(Boolean)]);
    expect(code).toBe(0);
    const flags = Array.from(
      stdout.matchAll(/(?:^(?:credentials|preserve|fix_binary) .*\n){3}/gm),
      ([text]) => text,
    );
    expect(flags.length).toBeGreaterThan(20);
    expect(new Set(flags)).toEqual(new Set([`${expected.join('\n')}\n`]));
  });

  test('--ignore-family yes adds the family, but never the CPU itself', async () => {
    const { stdout } = await call(['--systemd', 'ALL', '--dry-run', '-i', 'yes']);
    const names = Array.from(stdout.matchAll(/^# \/etc\/binfmt\.d\/qemu-(\S+)\.conf$/gm), ([, name]) => name);
    expect(names).toEqual(GUEST_NAMES.filter((name) => name !== 'aarch64'));
  });

  test('--persist copies emulators and configuration into a mounted host, for the path they have there', async () => {
    const host = folder('host');
    mkdirSync(join(host, 'etc/binfmt.d'), { recursive: true });
    mkdirSync(join(host, 'opt/qemu'), { recursive: true });
    const { code } = await call(['--persist', host, '--qemu-path', '/opt/qemu'], {
      QEMU_BIN_DIR: standIns(['s390x', 'i486']),
    });
    expect(code).toBe(0);
    expect(readdirSync(join(host, 'opt/qemu'))).toEqual(['qemu-i386-static', 'qemu-s390x-static']);
    expect(statSync(join(host, 'opt/qemu/qemu-i386-static')).mode & 0o777).toBe(0o755);
    expect(files(join(host, 'etc/binfmt.d'))).toEqual({
      'qemu-i386.conf': `${registrationLine('i386', '/opt/qemu/qemu-i386-static', 'F')}\n`,
      'qemu-i486.conf': `${registrationLine('i486', '/opt/qemu/qemu-i386-static', 'F')}\n`,
      'qemu-s390x.conf': `${registrationLine('s390x', '/opt/qemu/qemu-s390x-static', 'F')}\n`,
    });
  });

  test('--persist takes one guest, and --dry-run copies nothing', async () => {
    const host = folder('dry');
    mkdirSync(join(host, 'etc/binfmt.d'), { recursive: true });
    const { code, stdout } = await call(['--dry-run', '--persist', host, '-s', 'arm', '-i', 'yes'], {
      QEMU_BIN_DIR: bin,
    });
    expect([code, stdout]).toEqual([
      0,
      `# ${host}/etc/binfmt.d/qemu-arm.conf\n${registrationLine('arm', `${bin}/qemu-arm-static`, 'F')}\n`,
    ]);
    expect(readdirSync(join(host, 'etc/binfmt.d'))).toEqual([]);
  });

  test('a path with a space is one path: what has its first word for a name stays', async () => {
    const place = folder('spaces');
    for (const name of ['my', 'my own', 'my own/etc/binfmt.d', 'my own/opt'])
      mkdirSync(join(place, name), { recursive: true });
    writeFileSync(join(place, 'my/own'), '');
    const own = join(place, 'my own');
    const env = { QEMU_BIN_DIR: standIns(['s390x']), TMPDIR: own };
    for (const words of [
      ['--systemd', 's390x', '--exportdir', own],
      ['--persist', own, '--qemu-path', '/opt'],
      // It runs a probe, for which it makes a folder in TMPDIR.
      ['--install', 'all', '--systemd', 'ALL', '--exportdir', own],
    ]) {
      expect([words, (await call(words, env)).code]).toEqual([words, 0]);
    }
    expect(existsSync(join(place, 'my/own'))).toBe(true);
    expect(readdirSync(own).filter((name) => !name.startsWith('qemu-'))).toEqual(['etc', 'opt']);
    expect(readdirSync(join(own, 'opt'))).toEqual(['qemu-s390x-static']);
  });

  test('--persist looks for both folders before it copies, and names the mount that is missing', async () => {
    const host = folder('half');
    mkdirSync(join(host, 'opt/qemu'), { recursive: true });
    const persist = async (path: string) => {
      const env = { QEMU_BIN_DIR: standIns(['s390x']) };
      const { code, stderr } = await call(['--persist', host, '--qemu-path', path], env);
      return [code, stderr];
    };
    const missing = (path: string) => [
      1,
      `EXPORT_FAILED: there is no folder ${host}${path}; remedy: Make ${path} on the host and mount it: -v ${path}:${host}${path}\n`,
    ];
    expect(await persist('/opt/qemu')).toEqual(missing('/etc/binfmt.d'));
    expect(readdirSync(join(host, 'opt/qemu'))).toEqual([]);
    mkdirSync(join(host, 'etc/binfmt.d'), { recursive: true });
    expect(await persist('/opt/other')).toEqual(missing('/opt/other'));
  });

  test('--persist takes emulators from a folder with a space, and flag F is left out with -p no', async () => {
    const host = folder('host with space');
    for (const name of ['etc/binfmt.d', 'opt']) mkdirSync(join(host, name), { recursive: true });
    const emulators = folder('emulators of mine');
    copyFileSync('/bin/true', join(emulators, 'qemu-s390x-static'));
    const { code } = await call(['--persist', host, '--qemu-path', '/opt', '-p', 'no'], {
      QEMU_BIN_DIR: emulators,
    });
    expect([code, readdirSync(join(host, 'opt'))]).toEqual([0, ['qemu-s390x-static']]);
    expect(files(join(host, 'etc/binfmt.d'))).toEqual({
      'qemu-s390x.conf': `${registrationLine('s390x', '/opt/qemu-s390x-static', '')}\n`,
    });
  });

  test('--exportdir is meant from the current folder', async () => {
    for (const name of ['here', '-x']) {
      const cwd = folder(`from-${name}`);
      mkdirSync(join(cwd, name));
      // A probe of 32-bit Arm is run in between, in a folder of its own.
      const words = ['--install', 'all', '--systemd', 'ALL', '--exportdir', name];
      const { code } = await call(words, { QEMU_BIN_DIR: bin }, cwd);
      expect([name, code]).toEqual([name, 0]);
      expect(readdirSync(join(cwd, name))).toContain('qemu-s390x.conf');
    }
  });

  test.each([
    ['QEMU_BIN_DIR', 'bin', 'takes an absolute path, not "bin"'],
    ['QEMU_BIN_DIR', '/a:b', 'takes a path without a colon, not "/a:b"'],
    ['QEMU_BIN_DIR', '/a\nb', 'takes a path of one line'],
    ['QEMU_BINARY_PATH', 'bin', 'takes an absolute path, not "bin"'],
  ])('%s is checked as --qemu-path is, before anything is written: %j', async (name, value, message) => {
    const out = folder('bad');
    const words = ['--systemd', 'ALL', '--exportdir', out];
    if (name === 'QEMU_BINARY_PATH') words.push('--install', 'all');
    const { code, stderr } = await call(words, { [name]: value });
    expect([code, stderr]).toEqual([2, expect.stringContaining(`VALUE_BAD: ${name} ${message}`)]);
    expect(readdirSync(out)).toEqual([]);
    expect((await call(['--help'], { [name]: value })).code).toBe(0);
  });
});

// busybox makes folders without a program that could be slow.
test.each(SHELLS.filter(({ name }) => name !== 'busybox ash'))(
  'an export that is interrupted leaves nothing, in $name',
  async (shell) => {
    const out = mkdtempSync(join(scratch(), 'interrupted-'));
    const slow = mkdtempSync(join(scratch(), 'slow-'));
    writeFileSync(join(slow, 'mkdir'), '#!/bin/sh\n/bin/mkdir "$@"; kill -TERM $PPID; sleep 0.1\n', {
      mode: 0o755,
    });
    const { code } = await run([...shell.argv, scriptFile(), '--systemd', 'ALL', '--exportdir', out], {
      env: { HOST_ARCH: 'aarch64', PATH: `${slow}:${process.env.PATH}` },
    });
    expect([code, readdirSync(out)]).toEqual([1, []]);
  },
);
