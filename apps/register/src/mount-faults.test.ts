import { describe, expect, test } from 'vitest';
import { bin, callsIn, MOUNT_IT } from './testing/faults.ts';
import { callImage, imageRoot, NO_STATIC_BUSYBOX } from './testing/image.ts';
import { MOUNT, NO_NAMESPACES, openNamespace } from './testing/namespace.ts';
import { reported } from './testing/reported.ts';
import { SHELLS } from './testing/shells.ts';

describe.skipIf(NO_NAMESPACES !== undefined).each(SHELLS)(
  'the table cannot be used, in $name (user namespace)',
  (shell) => {
    const { call, refused } = callsIn(shell);

    test('the folder is not there', async () => {
      await using machine = await openNamespace();
      const remedy = 'Run the container with -v /proc/sys/fs/binfmt_misc:/mnt/none';
      await refused(
        machine,
        '--mount /mnt/none -p yes',
        reported('BINFMT_NOT_MOUNTED', 'there is no folder /mnt/none', remedy),
      );
    });

    test.each([
      ['of files', ': >/mnt/register'],
      ['with a link to a file elsewhere', ': >/mnt/elsewhere; ln -s elsewhere /mnt/register'],
    ])('a folder %s that has the names of the table is not written to', async (_, register) => {
      await using machine = await openNamespace(
        `${MOUNT_IT}; mount -t tmpfs tmpfs /mnt; echo enabled >/mnt/status; : >/mnt/qemu-arm; ${register}`,
      );
      const remedy = 'Run the container with -v /proc/sys/fs/binfmt_misc:/mnt';
      for (const words of ['-p yes', '--reset -p yes', '--uninstall all', '--status', '--verify']) {
        await refused(
          machine,
          `--mount /mnt ${words}`,
          reported('BINFMT_NOT_MOUNTED', '/mnt is not binfmt_misc: other files are in it', remedy),
        );
      }
      expect((await call(machine, '--mount /mnt --doctor')).stdout).toMatch(
        /^bad {3}\/mnt is not binfmt_misc: other files are in it$/m,
      );
      expect(await machine.sh('cat /mnt/register /mnt/qemu-arm; ls /mnt | wc -l')).toMatch(/^[34]\n$/);
    });

    test('a link to the table is followed', async () => {
      await using machine = await openNamespace(
        `${MOUNT_IT}; mount -t tmpfs tmpfs /mnt; ln -s ${MOUNT} /mnt/table`,
      );
      expect((await call(machine, '--mount /mnt/table --install arm')).code).toBe(0);
      expect(Object.keys(machine.entries())).toEqual(['qemu-arm']);
    });

    test('the kernel has no place for it', async () => {
      await using machine = await openNamespace('mount -t tmpfs tmpfs /proc/sys/fs');
      await refused(machine, '-p yes', reported('BINFMT_MISSING', `the kernel has no ${MOUNT}`));
      expect((await call(machine, '--doctor')).stdout).toMatch(/^bad {3}binfmt_misc is not mounted/m);
    });

    test('a user namespace would have to mount it', async () => {
      await using machine = await openNamespace('true');
      await refused(
        machine,
        '-p yes',
        reported('USER_NAMESPACE', `what this user namespace mounts on ${MOUNT} ends with it`),
      );
    });

    test('a user namespace that has it mounted prints that the entries end with it', async () => {
      await using machine = await openNamespace();
      expect((await call(machine, '-p yes')).stderr).toContain(
        'Warning: these entries exist only in this user namespace and disappear with it.\n',
      );
    });

    test('it is mounted read-only', async () => {
      await using machine = await openNamespace(`${MOUNT_IT}; mount -o remount,ro,bind ${MOUNT}`);
      await refused(machine, '--reset -p yes', reported('BINFMT_READ_ONLY', `${MOUNT} is mounted read-only`));
    });

    test.each([
      ['with a space', '/mnt/a b'],
      ['by a link', '/mnt/link'],
      ['with slashes too many', '/mnt//a b//'],
      ['with a tab', '/mnt/a\tb'],
      ['with a number sign', '/mnt/a#b'],
      ['with a backslash', '/mnt/a\\b'],
    ])('it is mounted read-only in a folder that is named %s', async (_, path) => {
      await using machine =
        await openNamespace(`mount -t tmpfs tmpfs /mnt; mkdir '/mnt/a b'; ln -s 'a b' /mnt/link; mkdir -p '${path}'
      place=$(readlink -f '${path}'); mount -t binfmt_misc binfmt_misc "$place"; mount -o remount,ro,bind "$place"`);
      const outcome = await machine.register(['--mount', path, '-p', 'yes'], {
        shell,
        env: { HOST_ARCH: 'x86_64', QEMU_BIN_DIR: bin },
      });
      expect(outcome).toEqual(reported('BINFMT_READ_ONLY', /\/mnt\/.* is mounted read-only/));
    });

    test('it belongs to a root that is not the one here', async () => {
      await using machine = await openNamespace(`${MOUNT_IT}; chmod 444 ${MOUNT}/register`);
      await refused(
        machine,
        '-p yes',
        reported('USER_NAMESPACE', `${MOUNT} belongs to the host's root, and root here is not it`),
        { under: ['setpriv', '--bounding-set=-dac_override', '--inh-caps=-dac_override'] },
      );
    });

    test('it is switched off', async () => {
      await using machine = await openNamespace(`${MOUNT_IT}; echo 0 >${MOUNT}/status`);
      await refused(
        machine,
        '-p yes',
        reported('BINFMT_OFF', `binfmt_misc is switched off: ${MOUNT}/status says "disabled"`),
      );
    });
  },
);

describe.skipIf(NO_NAMESPACES !== undefined || NO_STATIC_BUSYBOX !== undefined)(
  'the table of a container cannot be used (user namespace, static busybox)',
  () => {
    test('the folder on /binfmt_misc is not the table: the host has none mounted', async () => {
      await using machine = await openNamespace(`${imageRoot()} mkdir /mnt/binfmt_misc`);
      expect(await callImage(machine, '-p yes')).toEqual(
        reported('USER_NAMESPACE', 'what this user namespace mounts on /binfmt_misc ends with it'),
      );
    });
  },
);
