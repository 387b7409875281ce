import { mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { elfPattern, escapeBytes, type GuestName, guest } from '@qemu-user-static/arch-table';
import { describe, expect, test } from 'vitest';
import { REGISTER_ERRORS } from './index.ts';
import { standIns } from './testing/emulators.ts';
import { callImage, imageRoot, NO_STATIC_BUSYBOX, pretendedProc } from './testing/image.ts';
import { MOUNT, NO_NAMESPACES, openNamespace } from './testing/namespace.ts';
import { run } from './testing/run.ts';
import { scratch } from './testing/script.ts';
import { ONE_SHELL, SHELLS } from './testing/shells.ts';

const bin = standIns(['aarch64', 'arm']);
const MOUNT_IT = `mount -t binfmt_misc binfmt_misc ${MOUNT}`;
const entry = (name: string, of: GuestName, interpreter: string, flags = '') => {
  const { magic, mask } = elfPattern(guest(of));
  return `printf '%s\\n' ':${name}:M::${escapeBytes(magic)}:${escapeBytes(mask)}:${interpreter}:${flags}' >${MOUNT}/register`;
};
const NO_ROOM =
  'for place in /tmp /var/tmp /run /dev/shm; do [ ! -d $place ] || { mount --rbind $place $place; mount -o remount,bind,noexec $place; }; done';
const KERNEL_4 = 'echo 4.4.0 >/mnt/release; mount --bind /mnt/release /proc/sys/kernel/osrelease';
const HELD = entry('qemu-arm', 'arm', `${bin}/qemu-arm-static`, 'F');

interface Case {
  readonly prepare?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly under?: readonly string[];
  readonly code?: number;
  readonly lines: readonly string[];
}

const CASES: Readonly<Record<string, Case>> = {
  'an empty table': {
    lines: ['note  no entries', 'verdict: nothing is registered; everything that registering needs is here'],
  },
  'entries that work, and one that is of no guest': {
    prepare: `${HELD}; ${entry('qemu-aarch64', 'aarch64', `${bin}/qemu-aarch64-static`, 'F')}
      echo ':qemu-other:E::zz::/bin/true:F' >${MOUNT}/register`,
    lines: [
      'ok    qemu-other: enabled, flags "F", /bin/true (held), made by something else',
      'verdict: entries of 2 guests are in working order; --verify runs a program of each',
    ],
  },
  'an emulator that only this container has': {
    prepare: entry('qemu-arm', 'arm', `${bin}/qemu-arm-static`),
    lines: [
      `ok    qemu-arm: enabled, flags "", ${bin}/qemu-arm-static (found), as this program makes it`,
      'warn  without flag F, the emulator must be in every container that runs programs of: arm',
      'verdict: entries of 1 guests are in working order; --verify runs a program of each',
    ],
  },
  'another’s entry for programs of this machine': {
    prepare: entry('mine', 'sh4', '/bin/true'),
    env: { HOST_ARCH: 'sh4' },
    code: 1,
    lines: [
      "bad   mine claims this machine's own programs",
      `      -> ${REGISTER_ERRORS.CLASH.remedy}`,
      "verdict: emulators do not work here: mine claims this machine's own programs",
    ],
  },
  'another’s entry for programs of a guest that has none': {
    prepare: entry('mine', 'arm', '/bin/true'),
    lines: ['note  mine (/bin/true) has the programs of arm'],
  },
  'no emulators': {
    env: { QEMU_BIN_DIR: '/nowhere' },
    lines: ['note  no emulators in /nowhere: entries must name those of the host or of each container'],
  },
  'emulators of its own family alone': {
    env: { QEMU_BIN_DIR: standIns(['i386']) },
    lines: [
      `note  no emulators for other CPUs in ${standIns(['i386'])}; not counted, because this machine is of their family of CPUs: i386 i486 (see --ignore-family)`,
    ],
  },
  'no folder for probes': {
    prepare: NO_ROOM,
    env: { TMPDIR: '/proc' },
    under: ['env', '-C', '/proc'],
    lines: ['note  no folder for --verify', `      -> ${REGISTER_ERRORS.VERIFY_NO_ROOM.remedy}`],
  },
  'a table that this user may not write to': {
    prepare: `chmod 444 ${MOUNT}/register`,
    under: ['setpriv', '--bounding-set=-dac_override', '--inh-caps=-dac_override'],
    code: 1,
    lines: [`bad   ${MOUNT}/register is not writable for this user`],
  },
  'two things, of which the first is the verdict': {
    prepare: `mount -t tmpfs tmpfs /mnt; ${KERNEL_4}; echo 0 >${MOUNT}/status`,
    code: 1,
    lines: [
      'bad   kernel lacks flag F: emulators must be in every container',
      'bad   binfmt_misc is switched off',
      'verdict: emulators do not work here: kernel lacks flag F: emulators must be in every container',
    ],
  },
};

describe.skipIf(NO_NAMESPACES !== undefined)('--doctor finds (user namespace)', () => {
  test.each(Object.entries(CASES))('%s', async (_, { prepare = '', env, under, code = 0, lines }) => {
    await using machine = await openNamespace(`${MOUNT_IT}\n${prepare}`);
    const outcome = await machine.register(['--doctor'], {
      shell: ONE_SHELL,
      env: { HOST_ARCH: 'x86_64', QEMU_BIN_DIR: bin, ...env },
      ...(under !== undefined && { under }),
    });
    expect([outcome.code, outcome.stdout.split('\n')]).toEqual([code, expect.arrayContaining([...lines])]);
  });
});

describe.skipIf(NO_NAMESPACES !== undefined || NO_STATIC_BUSYBOX !== undefined)(
  '--doctor finds in a container (user namespace, static busybox)',
  () => {
    const MOUNTED = `binfmt_misc ${MOUNT} binfmt_misc rw 0 0`;
    const KEPT = 'mkdir /mnt/keep; mount -t binfmt_misc binfmt_misc /mnt/keep';

    test.each<[string, string, string, number, string]>([
      ['that root is the machine’s', MOUNTED, KEPT, 0, "ok    root here is the machine's root"],
      [
        'that the host has no table: entries would end with the container',
        MOUNTED,
        '',
        1,
        'bad   binfmt_misc is not mounted on the host: entries would end with this container',
      ],
      [
        'a kernel without binfmt_misc',
        MOUNTED,
        `${KEPT}; printf 'nodev\\tproc\\n\\text4\\n' >filesystems`,
        1,
        'bad   kernel does not support binfmt_misc',
      ],
      [
        'one whose modules are no part of a name',
        MOUNTED,
        `${KEPT}; printf 'nodev\\tbinfmt_misc2\\n' >filesystems`,
        1,
        'bad   kernel does not support binfmt_misc',
      ],
    ])('%s', async (_, mounts, more, code, line) => {
      await using machine = await openNamespace(`${imageRoot()} ${pretendedProc(mounts)} ${more}`);
      const outcome = await callImage(machine, '--doctor');
      expect([outcome.code, outcome.stdout.split('\n')]).toEqual([code, expect.arrayContaining([line])]);
      // It gives the lock back that it took to look, and after a failure its mount too.
      const left = code === 0 ? 'register\nstatus\n' : '';
      expect(await machine.sh(`ls /mnt${MOUNT}`)).toBe(left);
    });
  },
);

describe.each(SHELLS)('who made an entry, in $name', (shell) => {
  const part = join(import.meta.dirname, 'script/reporting/40-doctor.sh');

  test.each([
    ['qemu-arm', '/q/qemu-arm-static', 'OCF', 'as --install makes it'],
    ['qemu-arm', '/q/qemu-arm-static', 'POCF', 'as --install makes it'],
    ['qemu-arm', '/q/qemu-arm-static', 'F', 'as this program makes it'],
    ['qemu-arm', '/q/qemu-arm', 'F', 'made by something else'],
    ['qemu-arm', '/other/qemu-arm-static', 'F', 'made by something else'],
    ['qemu-arm-static', '/usr/bin/qemu-arm-static', '', "as Fedora's qemu-user-static makes it"],
    ['qemu-arm', '/usr/libexec/qemu-binfmt/arm-binfmt-P', 'OC', "as Debian 12's qemu-user-static makes it"],
    ['qemu-arm', '/usr/bin/qemu-arm', 'POF', "as Debian's qemu-user-binfmt makes it"],
    ['qemu-arm', '/usr/bin/qemu-arm', 'OCF', 'as tonistiigi/binfmt makes it'],
    ['qemu-arm', '/usr/bin/qemu-arm', 'POCF', 'as tonistiigi/binfmt makes it'],
    ['qemu-arm', '/usr/bin/qemu-arm', 'CF', 'made by something else'],
  ])('%s of %s with flags %s is %s', async (name, interpreter, flags, owner) => {
    const file = join(mkdtempSync(join(scratch(), 'owner-')), 'lines');
    const set = `QEMU_PATH=/q SUFFIX=-static name=${name} interpreter=${interpreter} flags=${flags}`;
    writeFileSync(file, `set -u; . ${part}; ${set}; owner; echo "$owner"`);
    expect((await run([...shell.argv, file])).stdout).toBe(`${owner}\n`);
  });
});
