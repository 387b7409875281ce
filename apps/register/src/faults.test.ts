import { elfPattern, escapeBytes, guest } from '@qemu-user-static/arch-table';
import { describe, expect, test } from 'vitest';
import { clockAt, oneRound, setClock, untilRead, watchClock } from './testing/clock.ts';
import { standIns } from './testing/emulators.ts';
import { bin, callsIn, MOUNT_IT } from './testing/faults.ts';
import { callImage, imageRoot, NO_STATIC_BUSYBOX, pretendedProc } from './testing/image.ts';
import { MOUNT, type Namespace, NO_NAMESPACES, openNamespace } from './testing/namespace.ts';
import { reported } from './testing/reported.ts';
import { SHELLS } from './testing/shells.ts';

const LOCK = 'qemu-register-lock';

/** The program that runs another without a capability. */
const without = (...capabilities: string[]) => {
  const list = capabilities.map((capability) => `-${capability}`).join();
  return ['setpriv', `--bounding-set=${list}`, `--inh-caps=${list}`];
};

const aarch64 = elfPattern(guest('aarch64'));
/** A line that takes the name of aarch64 for another interpreter. */
const other = (interpreter: string, flags = '') =>
  `:qemu-aarch64:M::${escapeBytes(aarch64.magic)}:${escapeBytes(aarch64.mask)}:${interpreter}:${flags}`;

describe.skipIf(NO_NAMESPACES !== undefined).each(SHELLS)('faults in $name (user namespace)', (shell) => {
  const { call, refused } = callsIn(shell);

  test('no emulators at all, as in :register', async () => {
    await using machine = await openNamespace();
    await machine.sh(`echo '${other('/old')}' >${MOUNT}/register`);
    for (const words of ['--reset -p yes', '--install all']) {
      await refused(
        machine,
        words,
        reported('INTERPRETERS_NONE', 'no interpreter qemu-*-static in /nowhere'),
        {
          env: { QEMU_BIN_DIR: '/nowhere' },
        },
      );
    }
  });

  test('no emulator of a guest that was asked for by name', async () => {
    await using machine = await openNamespace();
    const env = { QEMU_BIN_DIR: standIns(['arm']) };
    await refused(
      machine,
      '--install arm,arm64',
      reported(
        'INTERPRETER_MISSING',
        `no interpreter for aarch64: ${env.QEMU_BIN_DIR}/qemu-aarch64-static`,
        'Use the image that has it, with the tag aarch64 or latest, or name its place: --qemu-path /usr/bin --qemu-suffix -static',
      ),
      { env },
    );
  });

  test('an emulator that may not be run is found in the middle: what was added before it is gone again', async () => {
    await using machine = await openNamespace();
    await machine.sh(
      `mount -t tmpfs -o mode=755 tmpfs /mnt; cp -a ${bin}/. /mnt; chmod 644 /mnt/qemu-sh4-static`,
    );
    const outcome = await refused(
      machine,
      '-p yes',
      reported('INTERPRETER_FORBIDDEN', 'the kernel may not open /mnt/qemu-sh4-static: Permission denied'),
      { env: { QEMU_BIN_DIR: '/mnt' } },
    );
    expect(outcome.stderr).toContain('Everything is as it was before.\n');
  });

  test('emulators on a file system mounted noexec', async () => {
    await using machine = await openNamespace();
    await machine.sh(`mount -t tmpfs -o mode=755,noexec tmpfs /mnt; cp -a ${bin}/. /mnt`);
    await refused(
      machine,
      '-p yes',
      reported('INTERPRETER_FORBIDDEN', /the kernel may not open \/mnt\/qemu-\w+-static: Permission denied/),
      { env: { QEMU_BIN_DIR: '/mnt' } },
    );
  });

  test('--reset fails before it removes: each new line is tried first, since an old emulator may be out of reach', async () => {
    await using machine = await openNamespace();
    await machine.sh(
      `mount -t tmpfs -o mode=755 tmpfs /mnt; cp -a ${bin}/. /mnt; cp /bin/true /mnt/old
      echo '${other('/mnt/old', 'F')}' >${MOUNT}/register; echo 0 >${MOUNT}/qemu-aarch64; rm /mnt/old; chmod 644 /mnt/qemu-sh4-static`,
    );
    const { stderr } = await refused(
      machine,
      '--reset -p yes',
      reported('INTERPRETER_FORBIDDEN', 'the kernel may not open /mnt/qemu-sh4-static: Permission denied'),
      { env: { QEMU_BIN_DIR: '/mnt' } },
    );
    expect(stderr).not.toContain('ROLLBACK_INCOMPLETE');
  });

  test('a trial that a killed call left is no hindrance', async () => {
    await using machine = await openNamespace();
    await machine.sh(`echo ':qemu-register-trial:E::trial::/x:' >${MOUNT}/register
      echo '${other('/x')}' >${MOUNT}/register`);
    expect((await call(machine, '--reset -p yes')).code).toBe(0);
    expect(Object.keys(machine.entries())).not.toContain('qemu-register-trial');
    expect(machine.entries()['qemu-aarch64']).toMatchObject({ flags: 'F' });
  });

  test('what was removed is put back as it was: flags, an offset, an extension, switched off', async () => {
    await using machine = await openNamespace();
    await machine.sh(`printf '%s\\n' ':qemu-a:E::ext::/bin/true:FP' >${MOUNT}/register
      printf '%s\\n' ':qemu-b:M:7:abc:\\xff\\x0f\\xff:/bin/true:OCF' >${MOUNT}/register
      printf '%s\\n' ':qemu-c:M::abc::/nowhere with space:' >${MOUNT}/register; echo 0 >${MOUNT}/qemu-c
      printf '%s\\n' ':qemu-d:E::last::/x:' >${MOUNT}/register; chmod 444 ${MOUNT}/qemu-d`);
    expect(machine.entries()).toMatchObject({
      'qemu-a': { flags: 'PF' },
      'qemu-b': { offset: '7' },
      'qemu-c': { state: 'disabled' },
    });
    const { stderr } = await refused(
      machine,
      '--uninstall qemu-*',
      reported('REFUSED', 'the kernel did not remove qemu-d'),
      { under: without('dac_override') },
    );
    expect(stderr).toContain('Everything is as it was before.\n');
  });

  test('an entry with other flags: both are shown, and --reset is named', async () => {
    await using machine = await openNamespace();
    await machine.sh(`echo '${other(`${bin}/qemu-aarch64-static`, 'F')}' >${MOUNT}/register`);
    const { stderr } = await refused(
      machine,
      '-p yes -c yes',
      reported('ENTRY_DIFFERS', 'already registered with other settings: qemu-aarch64'),
    );
    expect(stderr).toContain(
      `qemu-aarch64: existing:  enabled, ${bin}/qemu-aarch64-static, flags "F"\nqemu-aarch64: requested: enabled, ${bin}/qemu-aarch64-static, flags "OCF"\n`,
    );
    expect(stderr).toContain('--reset');
  });

  test('entries that are switched off: three are shown, and how many more', async () => {
    await using machine = await openNamespace();
    await call(machine, '--install arm,arm64,s390x,sh4,alpha');
    await machine.sh(`for name in arm aarch64 s390x sh4 alpha; do echo 0 >${MOUNT}/qemu-$name; done`);
    const { stderr } = await refused(
      machine,
      '--install arm,arm64,s390x,sh4,alpha',
      reported(
        'ENTRY_DIFFERS',
        'already registered with other settings: qemu-aarch64 qemu-alpha qemu-arm qemu-s390x qemu-sh4',
      ),
    );
    expect(stderr.match(/^qemu-\w+: existing: {2}disabled, /gm)).toHaveLength(3);
    expect(stderr).toContain('\n... and 2 more\n');
  });

  test('a name that something else takes in the meantime', async () => {
    await using machine = await openNamespace();
    // The folder cannot be listed: so it is as if the entry came after the look.
    await machine.sh(`echo '${other('/x')}' >${MOUNT}/register; chmod 0311 ${MOUNT}`);
    expect(await call(machine, '-p yes', { under: without('dac_override', 'dac_read_search') })).toEqual(
      reported('NAME_TAKEN', 'qemu-aarch64 was registered by something else in the meantime'),
    );
    expect(Object.keys(machine.entries())).toEqual(['qemu-aarch64']);
  });

  test('a line the kernel refuses', async () => {
    await using machine = await openNamespace();
    const far = `/${'x'.repeat(2000)}`;
    await refused(
      machine,
      `--qemu-path ${far}`,
      reported(
        'REFUSED',
        /the kernel refuses qemu-aarch64 \(flags "", interpreter \/x+\/qemu-aarch64-static\): Invalid argument/,
      ),
    );
    // Where an entry is to be replaced, the new one is tried under another name: it is not that name that is refused.
    await call(machine, '--reset');
    await refused(
      machine,
      `--reset --qemu-path ${far}`,
      reported('REFUSED', /the kernel refuses qemu-aarch64 .*/),
    );
  });

  // busybox has a cut of its own, which cannot be replaced.
  const withItsCut = shell.name === 'busybox ash' ? [] : [shell];
  describe.each(withItsCut)('in $name', () => {
    test.each([
      ['qemu-aarch64', 'has disappeared', ''],
      ['qemu-aarch64', 'now differs', `; echo '${other('/x')}' >${MOUNT}/register`],
      // What was registered before it is as it should be.
      ['qemu-arm', 'has disappeared', ''],
    ])(
      'an entry that was registered, %s, but %s, as by another program at the same time',
      async (entry, what, more) => {
        await using machine = await openNamespace();
        await machine.sh(`mount -t tmpfs -o mode=755 tmpfs /mnt; real=$(command -v cut)
      cat >/mnt/cut <<END
#!/bin/sh
case \\$1 in -b) echo -1 >${MOUNT}/${entry}${more} ;; esac
exec $real "\\$@"
END
      chmod 755 /mnt/cut`);
        const env = { PATH: `/mnt:${process.env.PATH}` };
        expect(await call(machine, '--install arm,arm64', { env })).toEqual(
          reported('NOT_KEPT', `${entry} was registered but ${what}`),
        );
      },
    );
  });

  test.each([
    ['4.7.10', '-p yes', 'F'],
    ['4.8.0', '-p yes', undefined],
    ['5.11.22-generic', '-g yes', 'P'],
    ['5.12.0-rc1', '-g yes', undefined],
    ['6.1', '-p yes -g yes', undefined],
    ['10.0.0', '-p yes -g yes', undefined],
  ])('Linux %s and %s: it lacks flag %s', async (release, words, flag) => {
    await using machine = await openNamespace(
      `${MOUNT_IT}; mount -t tmpfs tmpfs /mnt; echo ${release} >/mnt/release; mount --bind /mnt/release /proc/sys/kernel/osrelease`,
    );
    const { stderr } = await call(machine, `${words} --install arm`);
    expect(/^KERNEL_TOO_OLD: Linux .* has no flag (.)/m.exec(stderr)?.[1]).toBe(flag);
    expect(Object.keys(machine.entries())).toEqual(flag === undefined ? ['qemu-arm'] : []);
  });

  test('an old kernel, for flag F and for flag P', async () => {
    await using machine = await openNamespace(
      `${MOUNT_IT}; mount -t tmpfs tmpfs /mnt; echo 4.4.0-210-generic >/mnt/release; mount --bind /mnt/release /proc/sys/kernel/osrelease`,
    );
    await refused(
      machine,
      '-p yes',
      reported('KERNEL_TOO_OLD', 'Linux 4.4.0-210-generic has no flag F (4.8 has it)'),
    );
    await refused(
      machine,
      '-g yes',
      reported('KERNEL_TOO_OLD', 'Linux 4.4.0-210-generic has no flag P for emulators (5.12 has it)'),
    );
    expect((await call(machine, '--reset')).code).toBe(0);
  });

  test('what was removed cannot be put back: it is named', async () => {
    await using machine = await openNamespace();
    // Held by the kernel, its file gone, as an entry that the host made is seen from a container; and after it one
    // that cannot be removed.
    await machine.sh(
      `mount -t tmpfs -o mode=755 tmpfs /mnt; cp /bin/true /mnt/old; echo '${other('/mnt/old', 'F')}' >${MOUNT}/register; rm /mnt/old
      echo '${other('/x').replace('aarch64', 'cris')}' >${MOUNT}/register; chmod 444 ${MOUNT}/qemu-cris`,
    );
    const outcome = await call(machine, '--uninstall qemu-*', { under: without('dac_override') });
    expect(outcome).toEqual(reported('REFUSED', 'the kernel did not remove qemu-cris'));
    expect(outcome).toEqual(reported('ROLLBACK_INCOMPLETE', 'could not be put back: qemu-aarch64'));
    expect(Object.keys(machine.entries())).toEqual(['qemu-cris']);
  });

  test('another call holds the lock for long', async () => {
    await using machine = await openNamespace(CLOCK);
    await machine.sh(`echo ':${LOCK}:E::${LOCK}::/1000:' >${MOUNT}/register`);
    const { waiting } = await begin(machine);
    // Its clock says that it began later: it is not stale, and it does not end.
    await machine.sh(
      `echo 0 >${MOUNT}/${LOCK}; echo -1 >${MOUNT}/${LOCK}; echo ':${LOCK}:E::${LOCK}::/1018:' >${MOUNT}/register; ${setClock(1020)}`,
    );
    expect(await waiting).toEqual(reported('BUSY', 'another call has been changing entries for 2 s'));
    expect(Object.keys(machine.entries())).toEqual([LOCK]);
  });

  /** A namespace whose clock stands until `at` sets it. */
  const CLOCK = `${MOUNT_IT}; ${clockAt(1000)}`;
  /** A call that has begun to wait by that clock when this resolves to it. */
  async function begin(machine: Namespace, under: readonly string[] = []) {
    await machine.sh(watchClock());
    const waiting = call(machine, '--install arm', { under });
    await machine.sh(`${untilRead()}; ${oneRound()}`);
    return { waiting };
  }
  const lock = (text: string, name = LOCK) =>
    `printf '%s\\n' ':${name}:E::${name}::/${text}:' >${MOUNT}/register`;

  test.each([
    ['99999999999', 15],
    ['1001', 16],
  ])(
    'a lock from the future, as by the clock of another time namespace, goes stale like any other: %s',
    async (text, seconds) => {
      await using machine = await openNamespace(CLOCK);
      await machine.sh(lock(text));
      const { waiting } = await begin(machine);
      await machine.sh(`${setClock(1000 + seconds - 1)}; ${oneRound()}`);
      expect(Object.keys(machine.entries())).toEqual([LOCK]);
      await machine.sh(setClock(1000 + seconds));
      const outcome = await waiting;
      expect([outcome.code, Object.keys(machine.entries())]).toEqual([0, ['qemu-arm']]);
      expect(outcome.stderr.match(/^Waiting for another call, which is changing entries\.$/gm)).toHaveLength(
        1,
      );
    },
  );

  test.each([
    [1001, []],
    [1002, ['Waiting for another call, which is changing entries.']],
  ])('a call that waits says so after two seconds: in second %i', async (second, expected) => {
    await using machine = await openNamespace(CLOCK);
    await machine.sh(lock('1000'));
    const { waiting } = await begin(machine);
    await machine.sh(`${setClock(second)}; ${oneRound()}; echo -1 >${MOUNT}/${LOCK}`);
    const { code, stderr } = await waiting;
    expect([code, stderr.match(/^Waiting.*$/gm) ?? []]).toEqual([0, expected]);
  });

  test('a call that is interrupted while it waits ends at once, and leaves the lock of the other', async () => {
    await using machine = await openNamespace(CLOCK);
    await machine.sh(lock('1000'));
    const { waiting } = await begin(machine, ['sh', '-c', 'echo $$ >/mnt/begun; exec "$@"', 'sh']);
    await machine.sh('kill -TERM "$(cat /mnt/begun)"');
    expect(await waiting).toMatchObject({ code: 1, stderr: expect.stringMatching(/^Interrupted\.$/m) });
    expect(Object.keys(machine.entries())).toEqual([LOCK]);
  });

  test('a lock that is stale is broken, however long the call has waited', async () => {
    await using machine = await openNamespace(CLOCK);
    await machine.sh(lock('1000'));
    const { waiting } = await begin(machine);
    await machine.sh(setClock(1030));
    expect((await waiting).code).toBe(0);
    expect(Object.keys(machine.entries())).toEqual(['qemu-arm']);
  });

  test('a breaker from the future goes stale as well', async () => {
    await using machine = await openNamespace(CLOCK);
    await machine.sh(`${lock('1')}; ${lock('99999999', 'qemu-register-break')}`);
    const { waiting } = await begin(machine);
    await machine.sh(setClock(1016));
    expect((await waiting).code).toBe(0);
    expect(Object.keys(machine.entries())).toEqual(['qemu-arm']);
  });

  test.each(['a[$(touch /mnt/done)]', 'PATH', '08', '-5', '1 2', '99999999999999999999999', '1+1', ''])(
    'the text of a lock is not calculated with: "%s" is not a time, and the lock is stale',
    async (text) => {
      await using machine = await openNamespace(CLOCK);
      await machine.sh(`${lock(text)}; ${lock(text, 'qemu-register-break')}`);
      expect(await call(machine, '--install arm')).toMatchObject({
        code: 0,
        stderr: expect.not.stringMatching(/syntax|arithmetic|expr|unbound|parameter|bad number/i),
      });
      expect(Object.keys(machine.entries())).toEqual(['qemu-arm']);
      expect(await machine.sh('ls /mnt')).toBe('uptime\n');
    },
  );

  test('nothing to verify, or no room for it', async () => {
    await using machine = await openNamespace();
    await refused(machine, '--verify', reported('VERIFY_NONE', `no guest is registered on ${MOUNT}`));
    await call(machine, '--install riscv64');
    await machine.sh(
      'mount -t tmpfs -o noexec tmpfs /mnt; for place in /tmp /var/tmp /run /dev/shm; do [ ! -d $place ] || { mount --rbind $place $place; mount -o remount,bind,noexec $place; }; done',
    );
    await refused(
      machine,
      '--verify',
      reported('VERIFY_NO_ROOM', 'no folder here takes files that can be run'),
      {
        under: ['env', '-C', '/mnt'],
      },
    );
  });

  test('an entry of another program is not removed by name', async () => {
    await using machine = await openNamespace();
    await machine.sh(`echo ':python3:E::py::/usr/bin/python3:' >${MOUNT}/register`);
    const { code, stderr } = await call(machine, '--uninstall python3');
    expect([code, stderr]).toEqual([
      2,
      expect.stringContaining("ENTRY_FOREIGN: python3 is not an entry of QEMU's"),
    ]);
    expect(Object.keys(machine.entries())).toEqual(['python3']);
  });

  test('files for the CPU of the host itself are refused, where --install finds nothing to do', async () => {
    await using machine = await openNamespace();
    await refused(
      machine,
      '-s i386 -e /mnt',
      reported('GUEST_IS_HOST', "i386 is of this machine's family (x86_64)"),
    );
    expect((await call(machine, '--install amd64')).code).toBe(0);
    expect(machine.entries()).toEqual({});
  });
});

describe.skipIf(NO_NAMESPACES !== undefined || NO_STATIC_BUSYBOX !== undefined)(
  'faults of containers (user namespace, static busybox)',
  () => {
    test('a report that fails takes nothing back: what was registered before stays, and what it stands on', async () => {
      await using machine = await openNamespace(`${imageRoot()} cp /bin/true /mnt/usr/bin/qemu-s390x-static
        mkdir /mnt/keep; mount -t binfmt_misc binfmt_misc /mnt/keep
        ${pretendedProc(`binfmt_misc ${MOUNT} binfmt_misc rw 0 0`)}`);
      // It mounts the table by itself; the emulator is no emulator.
      expect(await callImage(machine, '-p yes --verify')).toMatchObject({
        code: 1,
        stderr: expect.stringContaining('VERIFY_FAILED'),
      });
      expect(await machine.sh(`ls /mnt${MOUNT}`)).toBe('qemu-s390x\nregister\nstatus\n');
    });
  },
);
