import { describe, expect, test } from 'vitest';
import { standIns } from './testing/emulators.ts';
import { entriesOf, guestsBut } from './testing/expected.ts';
import { MOUNT, type Namespace, NO_NAMESPACES, openNamespace } from './testing/namespace.ts';
import { SHELLS } from './testing/shells.ts';

const bin = standIns(['aarch64', 'arm']);

describe.skipIf(NO_NAMESPACES !== undefined).each(SHELLS)(
  'what options mean together, in $name (user namespace)',
  (shell) => {
    const call = (machine: Namespace, words: string, env = {}) =>
      machine.register(words.split(' '), { shell, env: { HOST_ARCH: 'x86_64', QEMU_BIN_DIR: bin, ...env } });
    const names = (machine: Namespace) => Object.keys(machine.entries());

    test.each([
      ['-p yes', ['qemu-aarch64', 'qemu-arm']],
      ['-c no -Q /x', guestsBut('i386').map((name) => `qemu-${name}`)],
      ['-g no', guestsBut('i386').map((name) => `qemu-${name}`)],
      ['-i no', guestsBut('i386').map((name) => `qemu-${name}`)],
      ['--reset -Q /x', guestsBut('i386').map((name) => `qemu-${name}`)],
      ['--install arm', ['qemu-arm', 'qemu-cris']],
      ['--uninstall qemu-cris', []],
    ])('a report after %s: entries are changed first', async (words, expected) => {
      await using machine = await openNamespace();
      await machine.sh(`echo ':qemu-cris:E::cris::/x:' >${MOUNT}/register`);
      const { code, stdout } = await call(machine, `${words} --status`);
      expect([code, stdout]).toEqual([
        0,
        expect.stringMatching(expected.length > 0 ? /^ENTRY / : /^no entries on /),
      ]);
      const others = words.startsWith('-') && !words.startsWith('--') ? ['qemu-cris'] : [];
      expect(names(machine)).toEqual([...new Set([...expected, ...others])].sort());
    });

    test.each(['-Q /x', '-F .x', '--override', '-e /x', '--json', '--install ,', '--uninstall ,'])(
      'a report with %s changes nothing',
      async (words) => {
        await using machine = await openNamespace();
        const { code, stdout } = await call(machine, `${words} --status`);
        expect([code, stdout, machine.entries()]).toEqual([
          0,
          expect.stringMatching(/no entries on|"entries": \[\]/),
          {},
        ]);
      },
    );

    test.each(['--install ,', '--uninstall ,'])(
      'a report with %s, where nothing is mounted, is that report alone',
      async (words) => {
        await using machine = await openNamespace('');
        const alone = await call(machine, '--status');
        expect(await call(machine, `${words} --status`)).toEqual(alone);
        expect(await machine.sh(`ls ${MOUNT}`)).toBe('');
      },
    );

    test.each([
      ['-s arm', 'qemu-arm.conf\n'],
      ['-d --qemu-path /x', undefined],
      ['--persist / --qemu-path /mnt -s arm', 'qemu-arm-static\nqemu-arm.conf\n'],
    ])('a report with %s: files are written first', async (words, expected) => {
      await using machine = await openNamespace(
        `mount -t binfmt_misc binfmt_misc ${MOUNT}; mount -t tmpfs tmpfs /mnt`,
      );
      expect(await call(machine, `${words} -e /mnt --status`)).toMatchObject({
        code: 0,
        stdout: `no entries on ${MOUNT}\n`,
      });
      const written = await machine.sh('ls /mnt');
      if (expected === undefined) expect(written.split('\n')).toContain('qemu-riscv64');
      else expect(written).toBe(expected);
    });

    test('variables of --install mean nothing to other calls, and its options win over them', async () => {
      await using machine = await openNamespace();
      const env = { QEMU_BINARY_PATH: '/nowhere', QEMU_PRESERVE_ARGV0: '1' };
      expect((await call(machine, '-p yes', env)).code).toBe(0);
      expect(machine.entries()).toEqual(entriesOf(['aarch64', 'arm'], 'F', bin));
      await call(machine, '--reset --install arm -g no', { ...env, QEMU_BINARY_PATH: bin });
      expect(machine.entries()).toEqual(entriesOf(['arm'], 'OCF', bin));
      await call(machine, `--reset --install arm --qemu-path ${bin}`, env);
      expect(machine.entries()).toEqual(entriesOf(['arm'], 'POCF', bin));
    });

    test('--dry-run prints what would be removed, what stays and what would be new, and changes nothing', async () => {
      await using machine = await openNamespace();
      await call(machine, '--install arm -c no');
      await machine.sh(`echo ':qemu-cris:E::cris::/x:' >${MOUNT}/register`);
      const before = machine.entries();
      const dry = (words: string) => call(machine, `--dry-run ${words}`);
      const install = await dry('--install arm,arm64 -c no --uninstall qemu-cris');
      expect([install.code, install.stdout.replace(/:M::.*:\//, ' … /')]).toEqual([
        0,
        `:qemu-aarch64 … ${bin}/qemu-aarch64-static:FP\n`,
      ]);
      expect(install.stderr).toBe('Would be removed: qemu-cris\nAlready registered: qemu-arm\n');
      const reset = await dry('--reset -p yes');
      expect(reset.stderr).toBe('Would be removed: qemu-arm qemu-cris\n');
      expect(reset.stdout.match(/^:qemu-\w+:/gm)).toEqual([':qemu-aarch64:', ':qemu-arm:']);
      expect((await dry('-p yes')).stderr).toContain('qemu-arm: kept: flags "PF"');
      expect(machine.entries()).toEqual(before);
    });

    test('--dry-run of files does not look at the table, and removes no entry', async () => {
      await using machine = await openNamespace();
      await machine.sh(`echo ':qemu-cris:E::cris::/x:' >${MOUNT}/register`);
      expect(await call(machine, '--reset --dry-run -s arm')).toMatchObject({ code: 0, stderr: '' });
      expect(names(machine)).toEqual(['qemu-cris']);
    });

    test('flag C is warned of, where it is registered', async () => {
      const warning = 'Warning: with flag C, set-user-ID programs of foreign images run as root.';
      await using machine = await openNamespace();
      expect((await call(machine, '--install arm')).stderr).toContain(warning);
      expect((await call(machine, '--install arm64 -c no')).stderr).not.toContain(warning);
      expect((await call(machine, '--uninstall arm -c no')).stderr).not.toContain(warning);
    });

    test('a guest whose entry is there is not asked whether the CPU runs its programs', async () => {
      await using machine = await openNamespace();
      const env = { QEMU_BIN_DIR: standIns(['i386']) };
      await call(machine, '--install i386', env);
      expect(await call(machine, '--install all', env)).toMatchObject({
        code: 0,
        stderr: expect.stringContaining('qemu-i386: already registered\n'),
      });
      expect(names(machine)).toContain('qemu-i386');
    });

    test('a folder with the name of an emulator is none', async () => {
      await using machine = await openNamespace();
      await machine.sh('mount -t tmpfs tmpfs /mnt; mkdir /mnt/qemu-arm-static');
      expect((await call(machine, '-p yes', { QEMU_BIN_DIR: '/mnt' })).stderr).toMatch(
        /^INTERPRETERS_NONE: /m,
      );
      expect(machine.entries()).toEqual({});
    });
  },
);
