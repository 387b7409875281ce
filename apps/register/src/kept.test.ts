import { elfPattern, escapeBytes, type GuestName, guest } from '@qemu-user-static/arch-table';
import { describe, expect, test } from 'vitest';
import { standIns } from './testing/emulators.ts';
import { entryOf } from './testing/expected.ts';
import { bin, callsIn } from './testing/faults.ts';
import { MOUNT, NO_NAMESPACES, openNamespace } from './testing/namespace.ts';
import { reported } from './testing/reported.ts';
import { SHELLS } from './testing/shells.ts';

/** A line that registers a guest's programs under any name. */
function line(name: string, of: GuestName, interpreter: string, flags: string): string {
  const { magic, mask } = elfPattern(guest(of));
  return `:${name}:M::${escapeBytes(magic)}:${escapeBytes(mask)}:${interpreter}:${flags}`;
}

/** Lines of shell: /mnt/good and /mnt/bad are held by the kernel and then gone, as emulators of another container. */
const held = (...lines: string[]) => `mount -t tmpfs -o mode=755 tmpfs /mnt
cp ${bin}/qemu-arm-static /mnt/good; cp /bin/true /mnt/bad
${lines.map((text) => `printf '%s\\n' '${text}' >${MOUNT}/register`).join('\n')}
rm /mnt/good /mnt/bad`;

const GOOD = (flags: string, name = 'qemu-aarch64') => line(name, 'aarch64', '/mnt/good', flags);
const THERE = `${bin}/qemu-aarch64-static`;

describe.skipIf(NO_NAMESPACES !== undefined).each(SHELLS)(
  'entries that are there already, in $name (user namespace)',
  (shell) => {
    const { call, refused } = callsIn(shell);

    test.each([
      ['-p yes -s ALL', GOOD('OCF'), 'OCF'],
      ['--install arm64', GOOD('F'), 'F'],
      ['--install arm64', GOOD('POCF'), 'POCF'],
      ['--install arm64 -c yes', GOOD('OCF'), 'OCF'],
      ['--install arm64 -g yes -c yes', GOOD('OCFP'), 'POCF'],
      ['--install arm64 -c no', GOOD('FP'), 'PF'],
      ['--install linux/arm64', line('qemu-aarch64-static', 'aarch64', '/mnt/good', 'F'), 'F'],
    ])('%s keeps one that works and has what was asked for: %s', async (words, entry, flags) => {
      await using machine = await openNamespace();
      await machine.sh(held(entry));
      const before = machine.entries();
      const name = Object.keys(before)[0] as string;
      const { code, stderr } = await call(machine, words.replace(' -s ALL', ''), {
        env: { QEMU_BIN_DIR: standIns(['aarch64']) },
      });
      expect([code, machine.entries()]).toEqual([0, before]);
      expect(stderr).toMatch(new RegExp(`^${name}: kept: flags "${flags}", /mnt/good, .*$`, 'm'));
    });

    test.each([
      ['the kernel does not hold its emulator (no flag F)', line('qemu-aarch64', 'aarch64', THERE, 'OC')],
      ['its emulator does not run: /mnt/bad', line('qemu-aarch64', 'aarch64', '/mnt/bad', 'F')],
      ['its emulator does not run: /mnt/bad', line('qemu-aarch64', 'aarch64', '/mnt/bad', 'OCFP')],
      ['it does not match programs of that CPU', line('qemu-aarch64', 'arm', '/mnt/good', 'F')],
      ['it does not match programs of that CPU', ':qemu-aarch64:E::elf::/mnt/good:'],
      ['its emulator does not run: /mnt/bad', line('qemu-aarch64-static', 'aarch64', '/mnt/bad', 'F')],
    ])('one that does not work is replaced, and that is said: %s', async (why, entry) => {
      await using machine = await openNamespace();
      await machine.sh(held(entry));
      const name = Object.keys(machine.entries())[0];
      const { code, stderr } = await call(machine, '--install arm64');
      expect([code, machine.entries()]).toEqual([0, { 'qemu-aarch64': entryOf('aarch64', 'POCF', bin) }]);
      expect(stderr).toContain(`${name}: replaced: ${why}\n`);
    });

    test('one that is exactly what was asked for is replaced too if it does not run: its file was another then', async () => {
      await using machine = await openNamespace();
      const interpreter = '/mnt/qemu-aarch64-static';
      await machine.sh(`mount -t tmpfs -o mode=755 tmpfs /mnt; cp /bin/true ${interpreter}
        printf '%s\\n' '${line('qemu-aarch64', 'aarch64', interpreter, 'OCFP')}' >${MOUNT}/register
        rm ${interpreter}; cp ${THERE} ${interpreter}`);
      const before = machine.entries();
      const env = { QEMU_BIN_DIR: '/mnt' };
      const { code, stderr } = await call(machine, '--install arm64', { env });
      expect([code, stderr]).toEqual([
        0,
        expect.stringContaining(`qemu-aarch64: replaced: its emulator does not run: ${interpreter}\n`),
      ]);
      expect(machine.entries()).toEqual(before);
      expect((await call(machine, '--install arm64', { env })).stderr).toContain('already registered\n');
    });

    test('one that was replaced is not there for the report of the same call', async () => {
      await using machine = await openNamespace();
      await machine.sh(held(line('qemu-arm-static', 'arm', '/mnt/bad', 'F')));
      const { code, stdout } = await call(machine, '--install arm --doctor');
      expect([code, stdout]).toEqual([0, expect.not.stringContaining('claims')]);
    });

    test.each([
      ['--install arm64 -c yes', GOOD('F'), 'flags "POCF"'],
      ['--install arm64 -c no', GOOD('OCF'), 'flags "PF"'],
      ['--install arm64 -g yes', GOOD('F'), 'flags "POCF"'],
      ['--install arm64 -g no', GOOD('FP'), 'flags "OCF"'],
      ['-p no', GOOD('F'), 'flags ""'],
      [`--install arm64 --qemu-path ${bin}`, GOOD('F'), `${bin}/qemu-aarch64-static`],
      ['--install arm64 --qemu-suffix -static', GOOD('F'), `${bin}/qemu-aarch64-static`],
      ['--install arm64 -g yes', line('qemu-aarch64-static', 'aarch64', '/mnt/good', 'F'), 'flags "POCF"'],
    ])(
      '%s refuses one that works without what was asked for by name: %s',
      async (words, entry, requested) => {
        await using machine = await openNamespace();
        await machine.sh(held(entry));
        const name = Object.keys(machine.entries())[0];
        const { stderr } = await refused(
          machine,
          words,
          reported('ENTRY_DIFFERS', `already registered with other settings: ${name}`),
        );
        expect(stderr).toMatch(new RegExp(`^${name}: requested: .*${RegExp.escape(requested)}`, 'm'));
      },
    );

    test('QEMU_PRESERVE_ARGV0 asks for flag P by name', async () => {
      await using machine = await openNamespace();
      await machine.sh(held(GOOD('F')));
      const { code, stderr } = await call(machine, '--install arm64', { env: { QEMU_PRESERVE_ARGV0: '1' } });
      expect([code, stderr]).toEqual([1, expect.stringContaining('ENTRY_DIFFERS')]);
    });

    test('one that is switched off is refused, whether it works or not', async () => {
      await using machine = await openNamespace();
      await machine.sh(`${held(GOOD('F'))}; echo 0 >${MOUNT}/qemu-aarch64`);
      await refused(
        machine,
        '--install arm64',
        reported('ENTRY_DIFFERS', 'already registered with other settings: qemu-aarch64'),
      );
    });

    test('all or nothing: one that is refused keeps another from being replaced', async () => {
      await using machine = await openNamespace();
      await machine.sh(held(GOOD('F'), line('qemu-arm', 'arm', '/mnt/bad', 'F')));
      await refused(
        machine,
        '-p yes -c yes',
        reported('ENTRY_DIFFERS', 'already registered with other settings: qemu-aarch64'),
      );
    });

    test('where the image has no emulator, one that works does, and one that does not stays', async () => {
      await using machine = await openNamespace();
      await machine.sh(held(GOOD('F'), line('qemu-arm', 'arm', '/mnt/bad', 'F')));
      const before = machine.entries();
      const env = { QEMU_BIN_DIR: standIns(['s390x']) };
      expect((await call(machine, '--install arm64', { env })).code).toBe(0);
      expect(machine.entries()).toEqual(before);
      expect(await call(machine, '--install arm', { env })).toEqual(
        reported(
          'INTERPRETER_MISSING',
          `no interpreter for arm: ${env.QEMU_BIN_DIR}/qemu-arm-static`,
          'Use the image that has it, with the tag arm or latest, or name its place: --qemu-path /usr/bin --qemu-suffix -static',
        ),
      );
      expect((await call(machine, '-p yes', { env })).code).toBe(0);
      expect(Object.keys(machine.entries())).toEqual(['qemu-aarch64', 'qemu-arm', 'qemu-s390x']);
      expect(machine.entries()).toMatchObject(before);
    });

    test('an image without emulators succeeds where entries do, and fails where none does', async () => {
      await using machine = await openNamespace();
      const env = { QEMU_BIN_DIR: '/nowhere' };
      await machine.sh(held(line('qemu-arm', 'arm', '/mnt/bad', 'F')));
      expect(await call(machine, '-p yes', { env })).toEqual(
        reported('INTERPRETERS_NONE', 'no interpreter qemu-*-static in /nowhere'),
      );
      await machine.sh(held(GOOD('F')));
      expect((await call(machine, '-p yes', { env })).code).toBe(0);
    });

    test('--reset replaces all, also those that work', async () => {
      await using machine = await openNamespace();
      await machine.sh(held(GOOD('OCF'), GOOD('F', 'qemu-aarch64-static')));
      const env = { QEMU_BIN_DIR: standIns(['aarch64']) };
      expect((await call(machine, '--reset -p yes', { env })).code).toBe(0);
      expect(machine.entries()).toEqual({
        'qemu-aarch64': entryOf('aarch64', 'F', env.QEMU_BIN_DIR),
      });
    });

    test('without flag F an entry that is the same is not tried: its emulator is in each container', async () => {
      await using machine = await openNamespace();
      const env = { QEMU_BIN_DIR: '/nowhere' };
      expect((await call(machine, '-c yes', { env })).code).toBe(0);
      const before = machine.entries();
      const { code, stderr } = await call(machine, '-c yes', { env });
      expect([code, machine.entries()]).toEqual([0, before]);
      expect(stderr).toContain('qemu-aarch64: already registered\n');
    });

    test('without room for probes, entries that are held are believed', async () => {
      await using machine = await openNamespace();
      await machine.sh(`${held(GOOD('OCF'))}
        for place in /tmp /var/tmp /run /dev/shm; do [ ! -d $place ] || { mount --rbind $place $place; mount -o remount,bind,noexec $place; }; done`);
      const before = machine.entries();
      const { code, stderr } = await machine.register(['--install', 'arm64'], {
        under: ['env', '-C', '/proc'],
        env: { QEMU_BIN_DIR: bin, TMPDIR: '/proc' },
      });
      expect([code, machine.entries()]).toEqual([0, before]);
      expect(stderr).toContain('No room for probes (see VERIFY_NO_ROOM)');
    });

    describe('entries of other programs', () => {
      const FEX = line('FEX-arm', 'arm', '/mnt/good', 'POCF');

      test.each(['-p yes', '--reset -p yes', '--install all', '--install arm,sh4', ''])(
        '"%s" does not shadow them, and says so',
        async (words) => {
          await using machine = await openNamespace();
          await machine.sh(held(FEX));
          const { code, stderr } = await machine.register(words.split(' ').filter(Boolean), {
            shell,
            env: { HOST_ARCH: 'x86_64', QEMU_BIN_DIR: standIns(['arm', 'sh4']) },
          });
          expect(code).toBe(0);
          expect(Object.keys(machine.entries())).not.toContain('qemu-arm');
          expect(Object.keys(machine.entries())).toEqual(expect.arrayContaining(['FEX-arm', 'qemu-sh4']));
          expect(stderr).toContain(
            'skipping arm: the entry FEX-arm (/mnt/good) has its programs; to register it anyway, add --override\n',
          );
        },
      );

      test('where they have all there is to register, that is success', async () => {
        await using machine = await openNamespace();
        await machine.sh(held(FEX));
        const outcome = await call(machine, '-p yes', { env: { QEMU_BIN_DIR: standIns(['arm']) } });
        expect([outcome.code, Object.keys(machine.entries())]).toEqual([0, ['FEX-arm']]);
      });

      test('--override registers the guest', async () => {
        await using machine = await openNamespace();
        await machine.sh(held(FEX));
        expect((await call(machine, '--install arm --override')).code).toBe(0);
        expect(Object.keys(machine.entries())).toEqual(['FEX-arm', 'qemu-arm']);
      });

      test('one that is switched off, or claims something else, is no reason', async () => {
        await using machine = await openNamespace();
        await machine.sh(`${held(FEX)}; echo 0 >${MOUNT}/FEX-arm
          echo ':python3:E::py::/usr/bin/python3:' >${MOUNT}/register
          printf '%s\\n' ':DOSWin:M::MZ::/bin/true:' >${MOUNT}/register
          printf '%s\\n' '${line('shifted', 'arm', '/bin/true', '').replace(':M::', ':M:1:')}' >${MOUNT}/register
          printf '%s\\n' '${line('emulator-of-mine', 's390x', '/bin/true', '')}' >${MOUNT}/register`);
        expect((await call(machine, '--install arm')).code).toBe(0);
        expect(Object.keys(machine.entries())).toContain('qemu-arm');
      });

      test('one that claims programs of every CPU by a mask is found as well', async () => {
        await using machine = await openNamespace();
        await machine.sh(
          `echo ':every:M::\\x7fELF\\x01\\x01::/bin/true:' | sed 's/\\\\\\\\/\\\\/g' >${MOUNT}/register`,
        );
        const { stderr } = await call(machine, '--install arm,arm64');
        expect(stderr).toContain('skipping arm: the entry every');
        expect(Object.keys(machine.entries())).toEqual(['every', 'qemu-aarch64']);
      });

      test('one for programs that differ only in what the guest’s own mask leaves open is found as well', async () => {
        await using machine = await openNamespace();
        const { magic } = elfPattern(guest('arm'));
        // The operating system's mark, which the mask of a guest leaves out: Linux's own.
        const marked = escapeBytes(magic.with(7, 3));
        await machine.sh(`printf '%s\\n' ':marked:M::${marked}::/bin/true:' >${MOUNT}/register`);
        expect((await call(machine, '--install arm')).stderr).toContain('skipping arm: the entry marked');
      });

      test('a platform that they run counts as supported', async () => {
        await using machine = await openNamespace();
        await machine.sh(held(FEX));
        const { stdout } = await call(machine, '--install arm');
        expect(JSON.parse(stdout).supported).toContain('linux/arm/v7');
      });
    });
  },
);
