import { describe, expect, test } from 'vitest';
import { REGISTER_ERRORS } from './index.ts';
import { callImage, imageRoot, NO_STATIC_BUSYBOX, pretendedProc } from './testing/image.ts';
import { MOUNT, type Namespace, NO_NAMESPACES, openNamespace } from './testing/namespace.ts';
import { reported } from './testing/reported.ts';

// The root of the machine in a container, as its files in /proc describe it: nothing of binfmt_misc is mounted there yet.

const image = (mounts = '', more = '') =>
  openNamespace(`${imageRoot()} cp /bin/true /mnt/usr/bin/qemu-s390x-static
    ${pretendedProc(mounts)}
    ${more}`);
/** The names in the container's table. */
const listed = (machine: Namespace) => machine.sh(`ls /mnt${MOUNT}`);
/** A call without the right to mount. */
const unprivileged = (machine: Namespace, words: string) =>
  machine.run(['setpriv', '--bounding-set=-sys_admin', 'chroot', '/mnt', '/register', ...words.split(' ')], {
    QEMU_BIN_DIR: '/usr/bin',
  });

describe.skipIf(NO_NAMESPACES !== undefined || NO_STATIC_BUSYBOX !== undefined)(
  'a container in which the table is not mounted (user namespace, static busybox)',
  () => {
    test('mounts it, and what it registers stays, because something else keeps it mounted', async () => {
      await using machine = await image('', 'mkdir /mnt/keep; mount -t binfmt_misc binfmt_misc /mnt/keep');
      expect((await callImage(machine, '-p yes')).code).toBe(0);
      expect(await listed(machine)).toBe('qemu-s390x\nregister\nstatus\n');
      expect(await machine.sh('ls /mnt/keep')).toBe('qemu-s390x\nregister\nstatus\n');
    });

    test('refuses where nothing else keeps it mounted, and leaves nothing mounted', async () => {
      await using machine = await image();
      expect(await callImage(machine, '-p yes')).toEqual(
        reported(
          'BINFMT_HOST_UNMOUNTED',
          'binfmt_misc is not mounted on the host: entries would end with this container',
        ),
      );
      expect(await listed(machine)).toBe('');
    });

    test('keeps what it registers where the container is the machine itself, whose mount stays', async () => {
      await using machine = await image(
        '',
        "mkdir -p self/ns 1/ns; ln -s 'pid:[4026531836]' self/ns/pid; ln -s 'mnt:[1]' self/ns/mnt; ln -s 'mnt:[1]' 1/ns/mnt",
      );
      expect((await callImage(machine, '-p yes')).code).toBe(0);
      expect(await listed(machine)).toBe('qemu-s390x\nregister\nstatus\n');
    });

    test.each([
      ['its own process numbers', 'pid:[1]', 'mnt:[1]'],
      ['the machine’s process numbers and other mounts', 'pid:[4026531836]', 'mnt:[2]'],
    ])('is not the machine itself with %s', async (_, pid, mounts) => {
      await using machine = await image(
        '',
        `mkdir -p self/ns 1/ns; ln -s '${pid}' self/ns/pid; ln -s '${mounts}' self/ns/mnt; ln -s 'mnt:[1]' 1/ns/mnt`,
      );
      expect((await callImage(machine, '-p yes')).stderr).toMatch(/^BINFMT_HOST_UNMOUNTED: /m);
    });

    test('and may not be: the cause is shown, with the options that give the right', async () => {
      await using machine = await image();
      expect(await unprivileged(machine, '-p yes')).toEqual(
        reported(
          'BINFMT_NOT_MOUNTED',
          new RegExp(`binfmt_misc is not mounted on ${MOUNT}, and cannot be mounted from here: .*permi.*`),
        ),
      );
    });

    test('and may not be, where a volume is given: on the host there was nothing to put on it', async () => {
      await using machine = await image('', 'mkdir /mnt/binfmt_misc');
      expect(await unprivileged(machine, '-p yes')).toEqual(
        reported(
          'BINFMT_NOT_MOUNTED',
          /binfmt_misc is not mounted on \/binfmt_misc, and cannot be mounted from here: .*/,
          REGISTER_ERRORS.BINFMT_HOST_UNMOUNTED.remedy,
        ),
      );
    });

    test('and is, and this user may not write to it', async () => {
      await using machine = await image(
        `binfmt_misc ${MOUNT} binfmt_misc rw,relatime 0 0`,
        `mount -t binfmt_misc binfmt_misc /mnt${MOUNT}; chmod 444 /mnt${MOUNT}/register`,
      );
      const words = ['setpriv', '--bounding-set=-dac_override', 'chroot', '/mnt', '/register', '-p', 'yes'];
      expect(await machine.run(words, { QEMU_BIN_DIR: '/usr/bin' })).toEqual(
        reported('BINFMT_NO_PERMISSION', `${MOUNT}/register is not writable for this user`),
      );
    });

    test('and the kernel does not know it', async () => {
      await using machine = await image('', "printf 'nodev\\tproc\\n\\text4\\n' >filesystems");
      expect(await unprivileged(machine, '-p yes')).toEqual(
        reported('BINFMT_MISSING', 'this kernel has no binfmt_misc'),
      );
    });
  },
);
