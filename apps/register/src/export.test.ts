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
import { NO_NAMESPACES, openNamespace } from './testing/namespace.ts';
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
  const call = (words: readonly string[], env = {}) =>
    run([...shell.argv, scriptFile(), ...words], {
      env: { HOST_ARCH: 'aarch64', QEMU_BIN_DIR: '/usr/bin', ...env },
    });
  const folder = (name: string) => {
    const path = join(scratch(), `${shell.argv[0]}-${name}`);
    mkdirSync(path, { recursive: true });
    return path;
  };

  test('--systemd ALL writes one file a guest of another family, as binfmt.d(5) has it', async () => {
    const out = folder('all');
    expect(await call(['--systemd', 'ALL', '--exportdir', out, '-p', 'yes'])).toEqual({
      code: 0,
      stdout: '',
      stderr: `The files are in ${out}\n`,
    });
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

  test.skipIf(NO_NAMESPACES !== undefined)(
    'a path with a space is one path: what has its first word for a name stays (user namespace)',
    async () => {
      const place = folder('spaces');
      for (const name of ['my', 'my own', 'my own/etc/binfmt.d', 'my own/opt'])
        mkdirSync(join(place, name), { recursive: true });
      writeFileSync(join(place, 'my/own'), '');
      const own = join(place, 'my own');
      const env = { HOST_ARCH: 'aarch64', QEMU_BIN_DIR: standIns(['s390x']), TMPDIR: own };
      await using machine = await openNamespace();
      for (const words of [
        ['--systemd', 's390x', '--exportdir', own],
        ['--persist', own, '--qemu-path', '/opt'],
        // It runs a probe, for which it makes a folder in TMPDIR.
        ['--install', 'all', '--systemd', 'ALL', '--exportdir', own],
      ]) {
        expect([words, (await machine.register(words, { shell, env })).code]).toEqual([words, 0]);
      }
      expect(existsSync(join(place, 'my/own'))).toBe(true);
      expect(readdirSync(own).filter((name) => !name.startsWith('qemu-'))).toEqual(['etc', 'opt']);
      expect(readdirSync(join(own, 'opt'))).toEqual(['qemu-s390x-static']);
    },
  );

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

  test('files can be read by everyone, whatever the caller’s umask is', async () => {
    const host = folder('umask');
    for (const name of ['etc/binfmt.d', 'opt']) mkdirSync(join(host, name), { recursive: true });
    const words = ['--persist', host, '--qemu-path', '/opt'];
    await run(['sh', '-c', 'umask 077; exec "$@"', 'sh', ...shell.argv, scriptFile(), ...words], {
      env: { HOST_ARCH: 'aarch64', QEMU_BIN_DIR: standIns(['s390x']) },
    });
    const mode = (path: string) => statSync(join(host, path)).mode & 0o777;
    expect([mode('etc/binfmt.d/qemu-s390x.conf'), mode('opt/qemu-s390x-static')]).toEqual([0o644, 0o755]);
  });

  test('a folder whose name is a pattern is that folder alone', async () => {
    const place = folder('patterns');
    for (const name of ['*', 'b', 'host/etc/binfmt.d', 'host/opt'])
      mkdirSync(join(place, name), { recursive: true });
    copyFileSync('/bin/true', join(place, '*/qemu-s390x-static'));
    writeFileSync(join(place, 'b/qemu-s390x-static'), 'another');
    const words = ['--persist', join(place, 'host'), '--qemu-path', '/opt'];
    const { code } = await call(words, { QEMU_BIN_DIR: join(place, '*') });
    const copied = readFileSync(join(place, 'host/opt/qemu-s390x-static'));
    expect([code, copied.equals(readFileSync('/bin/true'))]).toEqual([0, true]);
  });

  test('--persist needs emulators, with flag F and without', async () => {
    const host = folder('none');
    for (const name of ['etc/binfmt.d', 'opt']) mkdirSync(join(host, name), { recursive: true });
    for (const flag of ['yes', 'no']) {
      const words = ['--persist', host, '--qemu-path', '/opt', '-p', flag];
      const { code, stderr } = await call(words, { QEMU_BIN_DIR: folder('nothing in it') });
      expect([code, stderr]).toEqual([1, expect.stringMatching(/^INTERPRETERS_NONE: /)]);
    }
    expect(readdirSync(join(host, 'etc/binfmt.d'))).toEqual([]);
  });

  test.skipIf(NO_NAMESPACES !== undefined)(
    '--exportdir is meant from the current folder (user namespace)',
    async () => {
      await using machine = await openNamespace();
      for (const name of ['here', '-x']) {
        const cwd = folder(`from-${name}`);
        mkdirSync(join(cwd, name));
        // A probe of 32-bit Arm is run in between, in a folder of its own.
        const words = ['--install', 'all', '--systemd', 'ALL', '--exportdir', name];
        const env = { HOST_ARCH: 'aarch64', QEMU_BIN_DIR: bin };
        const { code } = await machine.register(words, { shell, env, under: ['env', '-C', cwd] });
        expect([name, code]).toEqual([name, 0]);
        expect(readdirSync(join(cwd, name))).toContain('qemu-s390x.conf');
      }
    },
  );

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

// busybox makes folders without a program that could be replaced.
describe.each(SHELLS.filter(({ name }) => name !== 'busybox ash'))('an export in $name', (shell) => {
  /** What comes of one, with this in place of mkdir. */
  async function withMkdir(text: string) {
    const out = mkdtempSync(join(scratch(), 'out-'));
    const programs = mkdtempSync(join(scratch(), 'programs-'));
    writeFileSync(join(programs, 'mkdir'), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
    const { code, stderr } = await run(
      [...shell.argv, scriptFile(), '--systemd', 'ALL', '--exportdir', out],
      { env: { HOST_ARCH: 'aarch64', LANG: 'xx_XX.UTF-8', PATH: `${programs}:${process.env.PATH}` } },
    );
    return { code, stderr, left: readdirSync(out) };
  }

  test.each(['TERM', 'INT', 'HUP'])('that signal %s interrupts leaves nothing', async (signal) => {
    const { code, left } = await withMkdir(`/bin/mkdir "$@"; kill -${signal} $PPID; sleep 0.1`);
    expect([code, left]).toEqual([1, []]);
  });

  test('that finds a folder of its own folder’s name leaves that to its owner', async () => {
    const { code, left } = await withMkdir('/bin/mkdir "$1"; : >"$1/of another"; exit 1');
    expect([code, left]).toEqual([1, [expect.stringMatching(/^\.register\./)]]);
  });

  test('names room as the remedy where a quota is used up', async () => {
    expect((await withMkdir('echo "mkdir: x: Disk quota exceeded" >&2; exit 1')).stderr).toMatch(
      /^EXPORT_FAILED: cannot write to \S+: Disk quota exceeded; remedy: Make room there, then run this again\.$/m,
    );
  });

  test('asks programs for their words in English, and for a folder that no container with its process number has', async () => {
    expect((await withMkdir('echo "mkdir: x: $LC_ALL $1" >&2; exit 1')).stderr).toMatch(
      /^EXPORT_FAILED: cannot write to \S+: C \S+\/\.register\.\d+\.\d+\.\d+;/,
    );
  });
});
