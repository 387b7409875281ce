import os from 'node:os';
import {
  elfPattern,
  type GuestName,
  guest,
  guestNamed,
  registrationLine,
} from '@qemu-user-static/arch-table';
import { describe, expect, test } from 'vitest';
import { REGISTER_ERRORS } from './index.ts';
import { callImage, imageRoot, NO_STATIC_BUSYBOX, pretendedProc } from './testing/image.ts';
import { MOUNT, type Namespace, NO_NAMESPACES, openNamespace } from './testing/namespace.ts';

// The image of another CPU, without an emulator of it: what the script reads of its own program and of the kernel is
// written into files. foreign.test.ts runs real ones.

/** An image whose shell was built for one CPU, on a kernel that says it is of another, with an entry for some guests. */
async function image({ own, kernel, entries }: { own: GuestName; kernel: string; entries: GuestName[] }) {
  const lines = entries.map(
    (name) => `printf '%s\\n' '${registrationLine(name, `/usr/bin/qemu-${name}-static`, '')}' >register`,
  );
  // In octal: not every printf knows hexadecimal.
  const header = Array.from(
    elfPattern(guest(own)).magic,
    (byte) => `\\${byte.toString(8).padStart(3, '0')}`,
  ).join('');
  return openNamespace(`${imageRoot()} cp /bin/true /mnt/usr/bin/qemu-riscv64-static
    ${pretendedProc(`binfmt_misc ${MOUNT} binfmt_misc rw 0 0`)}
    printf '${header}' >self/exe
    echo ${kernel} >sys/kernel/arch
    mount -t binfmt_misc binfmt_misc /mnt${MOUNT}
    cd /mnt${MOUNT}
    ${lines.join('\n')}`);
}
const listed = (machine: Namespace) => machine.sh(`ls /mnt${MOUNT}`);

describe.skipIf(NO_NAMESPACES !== undefined || NO_STATIC_BUSYBOX !== undefined)(
  'an image on an emulator (user namespace, static busybox)',
  () => {
    test.each([
      ['of another CPU than the kernel', { own: 'aarch64', kernel: 'x86_64', entries: ['aarch64'] }],
      // Linux before 6.1: the kernel's word for its CPU comes through the emulator.
      ['whose kernel seems to be of its CPU', { own: 'aarch64', kernel: 'aarch64', entries: ['aarch64'] }],
    ] as const)('%s changes nothing', async (_, { own, kernel, entries }) => {
      await using machine = await image({ own, kernel, entries: [...entries] });
      const before = await listed(machine);
      for (const words of ['-p yes', '--reset -p yes', '--install riscv64']) {
        const { code, stderr } = await callImage(machine, words);
        expect([words, code]).toEqual([words, 1]);
        expect(stderr).toContain(
          `IMAGE_FOREIGN: this image is for ${own} and runs on an emulator here; remedy: ${REGISTER_ERRORS.IMAGE_FOREIGN.remedy}\n`,
        );
      }
      expect(await listed(machine)).toBe(before);
    });

    test('does as HOST_ARCH says where that is set', async () => {
      await using machine = await image({ own: 'aarch64', kernel: 'x86_64', entries: ['aarch64'] });
      const env = { QEMU_BIN_DIR: '/usr/bin', HOST_ARCH: 'x86_64' };
      const outcome = await machine.run(['chroot', '/mnt', '/register', '--install', 'riscv64'], env);
      expect([outcome.code, (await listed(machine)).split('\n')]).toEqual([
        0,
        expect.arrayContaining(['qemu-riscv64']),
      ]);
    });

    test('asks uname where the kernel has no file for its CPU, as before Linux 6.1', async () => {
      await using machine = await image({ own: guestNamed(os.machine()), kernel: 'sh4', entries: [] });
      await machine.sh('rm /mnt/proc/sys/kernel/arch');
      expect((await callImage(machine, '--doctor')).stdout).toMatch(
        new RegExp(`^ok {4}Linux \\S+ on ${guestNamed(os.machine())}$`, 'm'),
      );
    });

    test('says so in its report', async () => {
      await using machine = await image({ own: 'aarch64', kernel: 'x86_64', entries: ['aarch64'] });
      expect((await callImage(machine, '--doctor')).stdout).toContain(
        'warn  this image is for aarch64 and runs on an emulator\n',
      );
    });

    test('says so too where the machine runs the CPU of the image as well', async () => {
      await using machine = await image({ own: 'i386', kernel: 'x86_64', entries: [] });
      expect((await callImage(machine, '--doctor')).stdout).toContain(
        'note  this image is for i386, which the machine also runs\n',
      );
    });

    test.each([
      ['of this machine', { own: 'x86_64', kernel: 'x86_64', entries: ['aarch64'] }],
      ['of 32 bits on a kernel of 64', { own: 'i386', kernel: 'x86_64', entries: ['aarch64'] }],
      ['of this machine, where nothing is registered', { own: 'aarch64', kernel: 'aarch64', entries: [] }],
    ] as const)('one %s registers', async (_, { own, kernel, entries }) => {
      await using machine = await image({ own, kernel, entries: [...entries] });
      const { code, stderr } = await callImage(machine, '--install riscv64 --credential no');
      expect([code, stderr]).toEqual([0, expect.not.stringContaining('IMAGE_FOREIGN')]);
      expect((await listed(machine)).split('\n')).toContain('qemu-riscv64');
    });
  },
);
