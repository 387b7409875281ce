import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, symlinkSync } from 'node:fs';
import { join, relative } from 'node:path';
import {
  ARCHITECTURE_SPELLINGS,
  GUEST_NAMES,
  nearest,
  OTHER_SYSTEMS,
  spelledNames,
} from '@qemu-user-static/arch-table';
import { describe, expect, test } from 'vitest';
import { REGISTER_ERRORS, renderRegisterScript } from './index.ts';
import { PARTS } from './render.ts';
import { standIns } from './testing/emulators.ts';
import { run } from './testing/run.ts';
import { scratch, scriptFile } from './testing/script.ts';
import { MISSING_SHELLS, SHELLS } from './testing/shells.ts';

const bin = standIns();
const REPOSITORY = 'https://example.org/someone/fork';
const script = renderRegisterScript(REPOSITORY);
const hasShellcheck = spawnSync('shellcheck', ['--version']).status === 0;

test('the same table gives the same script', () => {
  expect(renderRegisterScript(REPOSITORY)).toBe(script);
});

test('its header names the repository it was made in', () => {
  expect(script.split('\n').slice(0, 3).join('\n')).toMatch(
    /^#!\/bin\/sh\n# register: .*\n# Made from apps\/register of https:\/\/example\.org\/someone\/fork \(MIT\)\./,
  );
});

test('its parts are listed, and every file of the folder is one of them', () => {
  const folder = join(import.meta.dirname, 'script');
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)));
  expect(Object.values(PARTS).flat().toSorted()).toEqual(files.toSorted());
});

test('it is plain ASCII, as the shells of small images read it', () => {
  expect(script).toMatch(/^[\t\n -~]*$/);
});

test('every code it fails with is in the catalogue, and none of the catalogue is without use', () => {
  const logic = script.slice(script.indexOf('\nremedy_of() {')).replace(/^\s*#.*$/gm, '');
  const uses =
    /(?:\b(?:complain|fail|misuse|remedy_of|pass_over "\$1") |\bfinding .* )([A-Z][A-Z_]+)(?= "| '|$)/gm;
  const used = new Set(Array.from(logic.matchAll(uses), ([, code]) => code));
  expect([...used].sort()).toEqual(Object.keys(REGISTER_ERRORS).sort());
});

test.skipIf(!hasShellcheck)('shellcheck finds nothing (shellcheck)', async () => {
  expect(await run(['shellcheck', '--shell=sh', '--severity=style', scriptFile()])).toEqual({
    code: 0,
    stdout: '',
    stderr: '',
  });
});

test('all three shells are on this machine, or their tests are missing', () => {
  if (MISSING_SHELLS.length > 0) console.warn(`not tested: ${MISSING_SHELLS.join(', ')}`);
  expect(SHELLS.length).toBeGreaterThan(0);
});

describe.each(SHELLS)('$name', (shell) => {
  // Nothing is mounted there: what the machine has registered does not matter.
  const register = (...words: string[]) =>
    run([...shell.argv, scriptFile(), '--mount', '/none', ...words], {
      env: { HOST_ARCH: 'x86_64', QEMU_BIN_DIR: bin },
    });

  test('--help goes to stdout and exits 0, wherever it stands', async () => {
    // What stands behind it is not read.
    for (const words of [['--help'], ['-h'], ['--reset', '-p', 'yes', '--help'], ['-h', '--nonsense']]) {
      const { code, stdout, stderr } = await register(...words);
      expect([code, stderr]).toEqual([0, '']);
      for (const name of GUEST_NAMES) expect(stdout).toMatch(new RegExp(`\\s${name}\\b`));
    }
  });

  test.each([
    ['-p yes', '--persistent yes', '--persistent=yes', '-pyes', '-p=yes', '--pers yes'],
    [
      '-c yes -g yes',
      '--credential=yes --preserve-argv0=yes',
      '-cyes -gyes',
      '-g yes -c yes',
      '--cred yes --pres yes',
    ],
    ['-i yes', '--ignore-family yes', '-iyes', '--ignore=yes'],
    ['-Q /opt', '--qemu-path /opt', '--qemu-path=/opt', '-Q/opt', '-Q /opt/'],
    ['-F .bin', '--qemu-suffix .bin', '--qemu-suffix=.bin', '-F.bin'],
    ['-s arm', '--systemd arm', '--systemd=arm', '-sarm', '--sys arm', '--systemd linux/arm/v7', '-s armhf'],
    [
      '-s ALL -e /x',
      '--systemd ALL --exportdir /x',
      '-e/x -sALL',
      '-s all -e /x',
      '--exportdir=/x --systemd=ALL',
    ],
    ['-d', '--debian', '--deb'],
    ['-d -c yes', '-dcyes', '-dc yes', '-c yes -d'],
    ['-s ALL', '-s arm -s ALL', '-d -s ALL'],
    ['-s arm -s mips', '-s mips'],
    ['--qemu-path /a=b', '--qemu-path=/a=b', '-Q=/a=b'],
    ['--mount /other -s arm', '-mount=/other -s arm', '-mount /other -s arm'],
  ])(
    '%s is written in other forms and orders as well',
    async (first, ...others) => {
      const expected = await register('--dry-run', ...first.split(' '));
      expect([expected.code, expected.stderr]).toEqual([0, '']);
      for (const form of others) {
        expect([form, await register(...form.split(' '), '--dry-run')]).toEqual([form, expected]);
      }
    },
    20_000,
  );

  test.each([
    ['--rest', 'OPTION_UNKNOWN: unknown option --rest', 'Did you mean --reset?'],
    ['--persistant yes', 'OPTION_UNKNOWN: unknown option --persistant', 'Did you mean --persistent?'],
    ['--verfy', 'OPTION_UNKNOWN: unknown option --verfy', 'Did you mean --verify?'],
    ['--satats', 'OPTION_UNKNOWN: unknown option --satats', 'Did you mean --status?'],
    [
      '--p yes',
      'OPTION_UNKNOWN: --p could be any of --persistent --preserve-argv0',
      'See --help for the options.',
    ],
    ['-reset', 'OPTION_UNKNOWN: unknown option -reset', 'Did you mean --reset?'],
    ['-x', 'OPTION_UNKNOWN: unknown option -x', 'See --help for the options.'],
    ['arm64', 'OPTION_UNKNOWN: unexpected argument "arm64"', 'Did you mean --install arm64?'],
    ['/none', 'OPTION_UNKNOWN: unexpected argument "/none"', 'See --help for the options.'],
    ['/bin', 'OPTION_UNKNOWN: unexpected argument "/bin"', 'See --help for the options.'],
    ['-- arm', 'OPTION_UNKNOWN: unexpected argument "arm"', 'Did you mean --install arm?'],
    ['--status', 'OPTIONS_CONTRADICT: --dry-run makes no report, and --status is one', 'Give one of them'],
    ['--json', 'OPTIONS_CONTRADICT: --dry-run makes no report, and --status is one', 'Give one of them'],
    ['--verify --doctor', 'OPTIONS_CONTRADICT: --verify and --doctor are two reports', 'Give one of them'],
    [
      '--uninstall arm --systemd ALL',
      'OPTIONS_CONTRADICT: --uninstall is for entries of the kernel, and --systemd writes files',
      'Give one of them',
    ],
    ['-p', 'VALUE_MISSING: --persistent needs a value', 'Give the value after'],
    ['-p maybe', 'VALUE_BAD: --persistent takes yes or no, not "maybe"', 'See --help for what'],
    ['-c maybe', 'VALUE_BAD: --credential takes yes or no, not "maybe"', 'See --help for what'],
    ['-g maybe', 'VALUE_BAD: --preserve-argv0 takes yes or no, not "maybe"', 'See --help for what'],
    ['-i maybe', 'VALUE_BAD: --ignore-family takes yes or no, not "maybe"', 'See --help for what'],
    ['--reset=yes', 'VALUE_BAD: --reset takes no value', 'See --help for what'],
    ['--qemu-path bin', 'VALUE_BAD: --qemu-path takes an absolute path, not "bin"', 'See --help for what'],
    [
      '--qemu-path /a:b',
      'VALUE_BAD: --qemu-path takes a path without a colon, not "/a:b"',
      'See --help for what',
    ],
    ['--qemu-suffix /x', 'VALUE_BAD: --qemu-suffix takes no colon and no slash', 'See --help for what'],
    ['--qemu-suffix a:b', 'VALUE_BAD: --qemu-suffix takes no colon and no slash', 'See --help for what'],
    ['--persist /a:b', 'VALUE_BAD: --persist takes a path without a colon', 'See --help for what'],
    ['--mount mnt', 'VALUE_BAD: --mount takes an absolute path, not "mnt"', 'See --help for what'],
    ['--mount /', 'VALUE_BAD: --mount takes the folder of binfmt_misc, not "/"', 'See --help for what'],
    ['--exportdir= -s ALL', 'VALUE_BAD: --exportdir takes a path, not ""', 'See --help for what'],
    ['--systemd armm', 'GUEST_UNKNOWN: unknown guest "armm"', 'Did you mean arm?'],
    ['--install linux/rm64', 'GUEST_UNKNOWN: unknown guest "linux/rm64"', 'Did you mean linux/arm64?'],
    ['--install al', 'GUEST_UNKNOWN: unknown guest "al"', 'Did you mean all?'],
    ['--install linux/arm/v7/x', 'GUEST_UNKNOWN: unknown guest "linux/arm/v7/x"', ''],
    ['--install arm/', 'GUEST_UNKNOWN: unknown guest "arm/"', ''],
    ['--install arm/v7+', 'GUEST_UNKNOWN: unknown guest "arm/v7+"', ''],
    ['--install windows/', 'GUEST_UNKNOWN: unknown guest "windows/"', ''],
    ['--install windows/amd64+', 'GUEST_UNKNOWN: unknown guest "windows/amd64+"', ''],
    ['--install arm,zx81', 'GUEST_UNKNOWN: unknown guest "zx81"', 'Run register --help'],
    ['--uninstall zx81', 'GUEST_UNKNOWN: unknown guest "zx81"', 'Run register --help'],
    ['--install zx81', 'GUEST_UNKNOWN: unknown guest "zx81"', 'Run register --help'],
  ])(
    '%s is wrong usage: exit code 2, nothing on stdout, the cause and what to write instead',
    async (words, message, remedy) => {
      const { code, stdout, stderr } = await register('--dry-run', ...words.split(' '));
      expect([code, stdout]).toEqual([2, '']);
      expect(stderr).toMatch(
        new RegExp(`^${RegExp.escape(message)}.*; remedy: ${RegExp.escape(remedy)}.*\n$`),
      );
    },
  );

  test('the same report twice is one report', async () => {
    const { code, stderr } = await register('--version', '--version');
    expect([code, stderr]).toEqual([0, '']);
    expect(await register('-version')).toEqual(await register('--version'));
  });

  test('-- ends the options', async () => {
    expect(await register('--dry-run', '-s', 'arm', '--')).toEqual(await register('--dry-run', '-s', 'arm'));
  });

  test('an empty word is no value', async () => {
    for (const option of ['--exportdir', '--qemu-path', '--mount', '--persist', '--systemd']) {
      const { code, stdout } = await register('--dry-run', option, '');
      expect([option, code, stdout]).toEqual([option, 2, '']);
    }
  });

  test('a suffix has no line end, which would be a second line for the kernel', async () => {
    expect((await register('--dry-run', '--qemu-suffix', 'a\nb')).code).toBe(2);
  });

  test('the root folder is a path', async () => {
    const emulators = await register('--dry-run', '--qemu-path', '/', '-s', 'arm');
    expect(emulators.stdout).toContain(':/qemu-arm-static:\n');
    const host = await register('--dry-run', '--persist', '/', '-s', 'arm');
    expect([host.code, host.stdout.split('\n')[0]]).toEqual([0, '# /etc/binfmt.d/qemu-arm.conf']);
  });

  test('every spelling of an architecture is understood, and every other system is passed over', async () => {
    const spellings = Object.keys(ARCHITECTURE_SPELLINGS);
    const known = await register(
      '--dry-run',
      '--install',
      spellings.map((one) => one.replace('*', '4')).join(),
    );
    expect([known.code, spellings.length > 5]).toEqual([0, true]);
    const others = OTHER_SYSTEMS.map((system) => `${system}/amd64`);
    const { code, stdout, stderr } = await register('--dry-run', '--install', others.join());
    expect([code, stdout, stderr]).toEqual([
      0,
      '',
      others.map((platform) => `${platform}: skipped: not a Linux platform\n`).join(''),
    ]);
  });

  test('a slip is answered as the table itself answers it', async () => {
    const slips =
      'amr64 arm46 adm64 armhff arm64v8 AMR64 riscv46 linux/amr64 mispel linus/arm64 windos/amd64 x86-46 ppc46el zx81'.split(
        ' ',
      );
    for (const slip of slips) {
      const { stderr } = await register('--dry-run', '--install', slip);
      const [, offered = null] = /Did you mean (\S+)\?/.exec(stderr) ?? [];
      expect([slip, offered]).toEqual([slip, nearest(slip, spelledNames())]);
    }
  });

  test('a result that cannot be written is a failure', async () => {
    const full = ['sh', '-c', 'exec "$@" >/dev/full', 'sh', ...shell.argv, scriptFile(), '--mount', '/none'];
    for (const words of [['--help'], ['--version'], ['--dry-run'], ['--doctor'], ['--doctor', '--json']]) {
      const { code, stderr } = await run([...full, ...words], { env: { HOST_ARCH: 'x86_64' } });
      expect([words, code]).toEqual([words, 1]);
      if (words[0] !== '--doctor') expect(stderr).toContain('OUTPUT_FAILED: stdout could not be written');
    }
  });

  test('a CPU that is not in the table is named, and what to do', async () => {
    const outcome = await run([...shell.argv, scriptFile(), '--dry-run'], { env: { HOST_ARCH: 'zx81' } });
    expect(outcome).toEqual({
      code: 1,
      stdout: '',
      stderr: `HOST_UNKNOWN: the CPU of this machine, "zx81", is not in the table; remedy: ${REGISTER_ERRORS.HOST_UNKNOWN.remedy}\n`,
    });
  });
});

// busybox has an od of its own.
test.each(SHELLS.filter(({ name }) => name !== 'busybox ash'))(
  'a machine without od gets an error, in $name',
  async (shell) => {
    const folder = mkdtempSync(join(scratch(), 'no-od-'));
    const { stdout } = await run(['sh', '-c', `command -v ${shell.argv[0]}`]);
    symlinkSync(stdout.trim(), join(folder, shell.argv[0]));
    const outcome = await run([...shell.argv, scriptFile(), '--dry-run'], {
      env: { HOST_ARCH: 'riscv64', PATH: folder },
    });
    expect(outcome).toEqual({
      code: 1,
      stdout: '',
      stderr: `PROGRAM_MISSING: od does not report the CPU of this shell; remedy: ${REGISTER_ERRORS.PROGRAM_MISSING.remedy}\n`,
    });
  },
);
