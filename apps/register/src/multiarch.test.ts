import {
  elfPattern,
  emulatorOf,
  escapeBytes,
  GUEST_NAMES,
  guest,
  namesOf,
  registrationLine,
} from '@qemu-user-static/arch-table';
import { describe, expect, test } from 'vitest';
import { standIns } from './testing/emulators.ts';
import { entriesOf, entryOf, guestsBut } from './testing/expected.ts';
import { callImage, imageRoot, NO_STATIC_BUSYBOX } from './testing/image.ts';
import { MOUNT, NO_NAMESPACES, openNamespace } from './testing/namespace.ts';
import { run } from './testing/run.ts';
import { scriptFile } from './testing/script.ts';
import { SHELLS } from './testing/shells.ts';

const bin = standIns();
const FOREIGN = ':python3:E::py::/usr/bin/python3:';
const OLD = `:qemu-aarch64:M::${escapeBytes(elfPattern(guest('aarch64')).magic)}:${escapeBytes(elfPattern(guest('aarch64')).mask)}:/old/qemu:`;

describe.skipIf(NO_NAMESPACES !== undefined).each(SHELLS)(
  "multiarch's command line in $name (user namespace)",
  (shell) => {
    const on = { shell, env: { HOST_ARCH: 'x86_64', QEMU_BIN_DIR: bin } };

    test('-p yes registers every guest of another family, with flag F', async () => {
      await using machine = await openNamespace();
      const { code, stdout } = await machine.register(['--reset', '-p', 'yes'], on);
      expect(code).toBe(0);
      expect(machine.entries()).toEqual(entriesOf(guestsBut('i386'), 'F', bin));
      expect(stdout.split('\n')).toContain(
        `Setting ${bin}/qemu-aarch64-static as binfmt interpreter for aarch64`,
      );
    });

    test('without -p the flags are empty, and the emulators need not be there', async () => {
      await using machine = await openNamespace();
      expect(
        (await machine.register([], { shell, env: { HOST_ARCH: 'aarch64', QEMU_BIN_DIR: '/nowhere' } })).code,
      ).toBe(0);
      const expected = entriesOf(guestsBut('arm'), '', '/nowhere');
      // The machine's own programs are never given to an emulator, whatever HOST_ARCH says.
      const own = process.arch === 'x64' ? 'qemu-x86_64' : '';
      delete expected[own];
      expect(machine.entries()).toEqual(expected);
      expect(await machine.sh(`grep flags ${MOUNT}/qemu-riscv64`)).toBe('flags: \n');
    });

    test('--reset removes the entries where files are written, too, but not where they cannot be', async () => {
      await using machine = await openNamespace();
      await machine.register(['-p', 'yes'], on);
      const words = ['--reset', '-p', 'yes', '--systemd', 'ALL', '--exportdir'];
      expect((await machine.register([...words, '/nowhere'], on)).code).toBe(1);
      expect(Object.keys(machine.entries())).not.toEqual([]);
      expect((await machine.register([...words, '/mnt', '--dry-run'], on)).code).toBe(0);
      expect(Object.keys(machine.entries())).not.toEqual([]);
      await machine.sh('mount -t tmpfs tmpfs /mnt');
      expect((await machine.register([...words, '/mnt'], on)).code).toBe(0);
      expect(machine.entries()).toEqual({});
      expect(await machine.sh('ls /mnt | wc -l')).toBe('31\n');
    });

    test.each([
      ['-c yes', 'OC'],
      ['-c yes -p yes', 'OCF'],
      ['-g yes', 'P'],
      ['-p yes -g yes -c yes', 'POCF'],
      ['-p no -c no -g no', ''],
    ])('%s gives the flags the kernel shows as "%s"', async (words, flags) => {
      await using machine = await openNamespace();
      expect((await machine.register(words.split(' '), on)).code).toBe(0);
      expect(machine.entries()).toEqual(entriesOf(guestsBut('i386'), flags, bin));
    });

    test('--reset, anywhere on the line, replaces qemu-* entries, and touches no other', async () => {
      await using machine = await openNamespace();
      await machine.sh(
        `echo '${FOREIGN}' >${MOUNT}/register; echo '${OLD}' >${MOUNT}/register; echo ':qemu-cris:E::cris::/old/cris:' >${MOUNT}/register`,
      );
      expect((await machine.register(['-p', 'yes', '--reset'], on)).code).toBe(0);
      expect(machine.entries()).toEqual({
        ...entriesOf(guestsBut('i386'), 'F', bin),
        python3: { state: 'enabled', interpreter: '/usr/bin/python3', flags: '', extension: '.py' },
      });
    });

    test('registering twice is success, and said so', async () => {
      await using machine = await openNamespace();
      await machine.register(['-p', 'yes'], on);
      const before = machine.entries();
      const { code, stdout, stderr } = await machine.register(['-p', 'yes'], on);
      expect([code, stdout]).toEqual([0, '']);
      expect(stderr).toContain('qemu-aarch64: already registered\n');
      // It has the lock once, and does not wait for itself.
      expect(stderr).not.toContain('Waiting');
      expect(stderr.match(/^Warning: /gm)).toHaveLength(1);
      expect(machine.entries()).toEqual(before);
    });

    test('an image with some of the emulators registers those with -p yes', async () => {
      await using machine = await openNamespace();
      const one = standIns(['s390x']);
      expect(
        (await machine.register(['--reset', '-p', 'yes'], { shell, env: { ...on.env, QEMU_BIN_DIR: one } }))
          .code,
      ).toBe(0);
      expect(machine.entries()).toEqual({ 'qemu-s390x': entryOf('s390x', 'F', one) });
    });

    test('no process is started for a guest', async () => {
      // In a namespace of processes of its own: the last one's number is how many there were.
      const count = ['unshare', '--pid', '--fork', 'sh', '-c'];
      count.push('"$@" >/dev/null && read -r _ _ _ _ last </proc/loadavg && echo "$last"', 'sh');
      const processes = async (folder: string, ...words: string[]) => {
        await using machine = await openNamespace();
        const call = { shell, under: count, env: { ...on.env, QEMU_BIN_DIR: folder } };
        const outcomes = [await machine.register(['-p', 'yes'], call), await machine.register(words, call)];
        expect(outcomes.map(({ code }) => code)).toEqual([0, 0]);
        return outcomes.map(({ stdout }) => Number(stdout));
      };
      // Without --reset, what is there is tried first: a process for each.
      const words = ['-p', 'yes', '--reset'];
      const ofOne = await processes(standIns(['s390x']), ...words);
      expect(await processes(bin, ...words)).toEqual(ofOne);
    });

    test('the emulators may be in a folder whose name has a space', async () => {
      await using machine = await openNamespace();
      await machine.sh(`mount -t tmpfs tmpfs /mnt; mkdir '/mnt/a b'; cp ${bin}/qemu-s390x-static '/mnt/a b'`);
      const call = { shell, env: { ...on.env, QEMU_BIN_DIR: '/mnt/a b' } };
      for (const words of [
        ['-p', 'yes'],
        ['-p', 'yes'],
        ['--reset', '-p', 'yes'],
      ]) {
        expect((await machine.register(words, call)).code).toBe(0);
        expect(machine.entries()).toEqual({ 'qemu-s390x': entryOf('s390x', 'F', '/mnt/a b') });
      }
    });

    test('--dry-run prints the lines it would write, and writes nothing', async () => {
      await using machine = await openNamespace();
      const { code, stdout } = await machine.register(
        [
          '--dry-run',
          '-p',
          'yes',
          '-c',
          'yes',
          '-g',
          'yes',
          '--qemu-path',
          '/q',
          '--qemu-suffix',
          '',
          '-p',
          'no',
        ],
        on,
      );
      const lines = guestsBut('i386').map((name) => registrationLine(name, `/q/qemu-${name}`, 'OCP'));
      expect([code, stdout.trimEnd().split('\n')]).toEqual([0, lines]);
      expect(machine.entries()).toEqual({});
    });
  },
);

describe.each(SHELLS)('a first argument that is the path of a program, in $name', (shell) => {
  const call = (...words: string[]) =>
    run([...shell.argv, scriptFile(), ...words], { env: { HOST_ARCH: 'x86_64', QEMU_BIN_DIR: bin } });

  test('is run, with the words behind it and its exit code', async () => {
    expect(
      await call('/bin/sh', '-c', 'umask; env | grep -c LC_ALL; echo "$0 $*"; exit 7', 'a b', '--reset', ''),
    ).toEqual({
      code: 7,
      stdout: expect.stringMatching(/^\d+\n0\na b --reset \n$/),
      stderr: '',
    });
  });

  test('is an error if it is not a program', async () => {
    for (const word of ['/nowhere', '/etc', '/etc/passwd'])
      expect([word, (await call(word)).code]).toEqual([word, 2]);
  });
});

describe.skipIf(NO_NAMESPACES !== undefined || process.arch !== 'x64')(
  'an image whose only emulator is of the family of the host (user namespace, amd64)',
  () => {
    test.each([
      ['i386', '-p yes'],
      ['i386', '--reset -p yes'],
      ['x86_64', '-p yes'],
    ] as const)('%s: %s names the rule and the option', async (guest, words) => {
      await using machine = await openNamespace();
      const one = standIns([guest]);
      const { code, stderr } = await machine.register(words.split(' '), { env: { QEMU_BIN_DIR: one } });
      expect([code, stderr]).toEqual([
        1,
        expect.stringMatching(
          new RegExp(
            `^INTERPRETERS_NONE: every emulator in ${one} is for this machine's own family of CPUs \\(x86_64\\), which is skipped: ${guest}.*; remedy: .*--ignore-family yes`,
            'm',
          ),
        ),
      ]);
    });

    test('and --ignore-family yes registers it', async () => {
      await using machine = await openNamespace();
      const words = ['-p', 'yes', '--ignore-family', 'yes'];
      const { code } = await machine.register(words, { env: { QEMU_BIN_DIR: standIns(['i386']) } });
      expect([code, Object.keys(machine.entries())]).toEqual([0, ['qemu-i386', 'qemu-i486']]);
    });
  },
);

describe.each(SHELLS)('the host matrix in $name', (shell) => {
  /** The guests whose lines a host would write, in the table's order. */
  async function guestsOf(machine: string, ...words: string[]) {
    const argv = [...shell.argv, scriptFile(), '--dry-run', '--mount', '/none', ...words];
    const { stdout } = await run(argv, { env: { HOST_ARCH: machine } });
    return Array.from(stdout.matchAll(/^:qemu-([^:]+):/gm), ([, name]) => name);
  }
  /** This machine's own programs are left out for any other host. */
  const own = process.arch === 'x64' ? ['x86_64'] : [];

  test('every CPU leaves out its own family, or with --ignore-family yes only itself', {
    timeout: 30_000,
  }, async () => {
    for (const cpu of GUEST_NAMES) {
      const others = guestsBut(guest(cpu).family).filter((name) => !own.includes(name));
      expect([cpu, await guestsOf(cpu)]).toEqual([cpu, others]);
      const all = GUEST_NAMES.filter((name) => emulatorOf(name) !== emulatorOf(cpu) && !own.includes(name));
      expect([cpu, await guestsOf(cpu, '-i', 'yes')]).toEqual([cpu, all]);
    }
  });

  test('the names that uname has for a CPU are that CPU', async () => {
    for (const cpu of GUEST_NAMES) {
      // i486 and i586 are old names of i386 as hosts; as a guest, i486 is one of its own.
      for (const name of namesOf(cpu, 'uname').filter((alias) => !alias.includes('*'))) {
        expect([name, await guestsOf(name)]).toEqual([name, await guestsOf(cpu)]);
      }
    }
  });
});

describe.skipIf(NO_NAMESPACES !== undefined)('finding binfmt_misc (user namespace)', () => {
  test('PROC_PREFIX goes before the path', async () => {
    await using machine = await openNamespace(
      `mount -t tmpfs tmpfs /mnt; mkdir -p /mnt${MOUNT}; mount -t binfmt_misc binfmt_misc /mnt${MOUNT}`,
    );
    expect(
      (
        await machine.register(['-p', 'yes'], {
          env: { PROC_PREFIX: '/mnt', QEMU_BIN_DIR: standIns(['ppc64le']) },
        })
      ).code,
    ).toBe(0);
    expect(await machine.sh(`ls /mnt${MOUNT}`)).toBe('qemu-ppc64le\nregister\nstatus\n');
  });

  test('--mount names it', async () => {
    await using machine = await openNamespace('mount -t binfmt_misc binfmt_misc /mnt');
    expect(
      (
        await machine.register(['--mount', '/mnt', '-p', 'yes'], {
          env: { QEMU_BIN_DIR: standIns(['ppc64le']) },
        })
      ).code,
    ).toBe(0);
    expect(await machine.sh('ls /mnt')).toBe('qemu-ppc64le\nregister\nstatus\n');
  });

  test.skipIf(NO_STATIC_BUSYBOX !== undefined)(
    'what is mounted on /binfmt_misc is found by itself (static busybox)',
    async () => {
      await using machine = await openNamespace(
        `${imageRoot()} mkdir /mnt/binfmt_misc; mount -t binfmt_misc binfmt_misc /mnt/binfmt_misc; touch /mnt/usr/bin/qemu-ppc64le-static; chmod +x /mnt/usr/bin/qemu-ppc64le-static`,
      );
      expect(await callImage(machine, '--reset -p yes')).toMatchObject({ code: 0 });
      expect(await machine.sh('ls /mnt/binfmt_misc')).toBe('qemu-ppc64le\nregister\nstatus\n');
    },
  );
});
