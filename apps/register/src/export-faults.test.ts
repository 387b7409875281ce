import { describe, expect, test } from 'vitest';
import { bin, callsIn } from './testing/faults.ts';
import { NO_NAMESPACES, openNamespace } from './testing/namespace.ts';
import { reported } from './testing/reported.ts';
import { SHELLS } from './testing/shells.ts';

describe.skipIf(NO_NAMESPACES !== undefined).each(SHELLS)(
  'files cannot be written, in $name (user namespace)',
  (shell) => {
    const { call, refused } = callsIn(shell);

    test('files cannot be written where they should go', async () => {
      await using machine = await openNamespace('mount -t tmpfs -o ro tmpfs /mnt');
      const mounted = (path: string) => `Make ${path} on the host and mount it: -v ${path}:${path}`;
      await refused(
        machine,
        '-s ALL -e /mnt/none',
        reported('EXPORT_FAILED', 'there is no folder /mnt/none', mounted('/mnt/none')),
      );
      await refused(
        machine,
        '-s ALL -e /dev/null',
        reported('EXPORT_FAILED', 'there is no folder /dev/null', mounted('/dev/null')),
      );
      await refused(
        machine,
        '-s ALL -e /mnt',
        reported('EXPORT_FAILED', 'cannot write to /mnt: Read-only file system'),
      );
      await refused(
        machine,
        '--persist /mnt',
        reported(
          'EXPORT_FAILED',
          'there is no folder /mnt/etc/binfmt.d',
          'Make /etc/binfmt.d on the host and mount it: -v /etc/binfmt.d:/mnt/etc/binfmt.d',
        ),
      );
    });

    test.each([
      ['/mnt/host/etc/binfmt.d', '/mnt/outside'],
      ['/mnt/host/etc/binfmt.d', '../../outside'],
      ['/mnt/host/opt', '/mnt/outside'],
      ['/mnt/host/opt', '/mnt/host-beside'],
    ])('--persist does not leave its root by a link: %s is one to %s', async (link, to) => {
      await using machine = await openNamespace(
        `mount -t tmpfs tmpfs /mnt; mkdir -p /mnt/outside /mnt/host-beside /mnt/host/etc/binfmt.d /mnt/host/opt; rmdir ${link}; ln -s ${to} ${link}`,
      );
      await refused(
        machine,
        '--persist /mnt/host --qemu-path /opt',
        reported(
          'EXPORT_FAILED',
          `${link} is a link to ${to.replace('../..', '/mnt')}, which is outside /mnt/host`,
          `Mount the folder that the host has there: -v ${link.replace('/mnt/host', '')}:${link}`,
        ),
        { env: { QEMU_BIN_DIR: bin } },
      );
      expect(await machine.sh('find /mnt -type f')).toBe('');
    });

    test('--persist follows a link that stays in its root', async () => {
      await using machine = await openNamespace(
        'mount -t tmpfs tmpfs /mnt; mkdir -p /mnt/host/usr/lib/binfmt.d /mnt/host/etc /mnt/host/opt; ln -s ../usr/lib/binfmt.d /mnt/host/etc/binfmt.d; ln -s host /mnt/link',
      );
      expect((await call(machine, '--persist /mnt/link --qemu-path /opt -s arm -i yes')).code).toBe(0);
      expect(await machine.sh('cd /mnt/host && ls opt usr/lib/binfmt.d | grep qemu')).toBe(
        'qemu-arm-static\nqemu-arm.conf\n',
      );
    });

    test('a file cannot be put in its place: that is said, and no folder is left', async () => {
      await using machine = await openNamespace(
        'mount -t tmpfs -o mode=755 tmpfs /mnt; mkdir -p /mnt/qemu-arm.conf/x',
      );
      await refused(machine, '-s arm -e /mnt', reported('EXPORT_FAILED', /cannot write to \/mnt: .+/));
      expect(await machine.sh('ls -A /mnt')).toBe('qemu-arm.conf\n');
    });

    test('the disk is full: that is the cause, and the remedy is room', async () => {
      await using machine = await openNamespace(
        'mount -t tmpfs -o size=8k,mode=755 tmpfs /mnt; mkdir -p /mnt/etc/binfmt.d /mnt/opt',
      );
      const remedy = 'Make room there, then run this again.';
      await refused(
        machine,
        '-s ALL -e /mnt',
        reported('EXPORT_FAILED', /cannot write \/mnt\/qemu-\w+\.conf: No space left on device/, remedy),
      );
      await refused(
        machine,
        '--persist /mnt --qemu-path /opt',
        reported('EXPORT_FAILED', 'cannot write to /mnt/opt: No space left on device', remedy),
        { env: { QEMU_BIN_DIR: bin } },
      );
      expect(await machine.sh('find /mnt -type f')).toBe('');
    });
  },
);
