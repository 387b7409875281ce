import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { release } from 'node:os';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { REGISTER_ERRORS } from './index.ts';
import { standIns } from './testing/emulators.ts';
import { MOUNT, readEntries } from './testing/namespace.ts';
import { run } from './testing/run.ts';
import { scriptFile } from './testing/script.ts';
import { ONE_SHELL, SHELLS } from './testing/shells.ts';

/**
 * Faults that only the machine's root meets. They are provoked in mounts of their own, and every call asks for
 * nothing (`--uninstall` of a name nobody has), so that nothing is changed should one succeed.
 */
const reason = whyNot();

function whyNot(): string | undefined {
  if (process.getuid?.() !== 0) return 'not root';
  if (spawnSync('unshare', ['--mount', 'true']).status !== 0) return 'mounts cannot be unshared';
  const [major = 0, minor = 0] = release().split('.').map(Number);
  if (major < 6 || (major === 6 && minor < 7)) return 'before Linux 6.7 entries stay without a mount';
  if (mountsOf('autofs').includes(MOUNT)) return 'binfmt_misc is automounted';
  if (isMountedElsewhere()) return 'binfmt_misc is mounted in another mount namespace';
  // They end with the last mount.
  if (Object.keys(readEntries(MOUNT)).length > 0) return 'binfmt_misc has entries';
  return existsSync(MOUNT) ? undefined : 'the kernel has no binfmt_misc';
}

/** Where file systems of a type are mounted. */
function mountsOf(type: string): string[] {
  return readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' '))
    .flatMap(([, place = '', kind]) => (kind === type ? [place] : []));
}

/** Whether a container or the like keeps binfmt_misc mounted, which cannot be taken away from here. */
function isMountedElsewhere(): boolean {
  const namespace = (id: string) => readlinkSync(`/proc/${id}/ns/mnt`);
  return readdirSync('/proc')
    .filter((id) => /^\d+$/.test(id))
    .some((id) => {
      try {
        const mounts = readFileSync(`/proc/${id}/mountinfo`, 'utf8');
        return namespace(id) !== namespace('self') && mounts.includes(' - binfmt_misc ');
      } catch {
        return false; // It has ended.
      }
    });
}

const NOTHING = '--uninstall qemu-of-nobody';
const without = (capability: string) => `setpriv --bounding-set=-${capability} --inh-caps=-${capability}`;
const register = () => `${ONE_SHELL.argv.join(' ')} ${scriptFile()}`;

/** Runs lines of shell with mounts of their own. */
const apart = (lines: string) =>
  run(['unshare', '--mount', 'sh', '-ec', lines], { env: { QEMU_BIN_DIR: standIns(), HOST_ARCH: 'x86_64' } });

const reported = (code: keyof typeof REGISTER_ERRORS, message: string) => ({
  code: 1,
  stdout: '',
  stderr: `${code}: ${message}; remedy: ${REGISTER_ERRORS[code].remedy}\n`,
});

describe.skipIf(reason !== undefined)(
  `on a machine that has not mounted binfmt_misc (root)${reason ? `: ${reason}` : ''}`,
  () => {
    let mounted: string[];
    beforeAll(() => {
      mounted = mountsOf('binfmt_misc');
      for (const place of mounted.toReversed()) execFileSync('umount', [place]);
    });
    afterAll(() => {
      for (const place of mounted) execFileSync('mount', ['-t', 'binfmt_misc', 'binfmt_misc', place]);
    });

    test('nobody else keeps it mounted: entries would end with the container', async () => {
      expect(await apart(`${register()} ${NOTHING}`)).toEqual(
        reported(
          'BINFMT_HOST_UNMOUNTED',
          'binfmt_misc is not mounted on the host: entries would end with this container',
        ),
      );
    });

    test('--doctor says the same', async () => {
      const { code, stdout } = await apart(`${register()} --doctor`);
      expect([code, stdout]).toEqual([
        1,
        expect.stringContaining(
          'bad   binfmt_misc is not mounted on the host: entries would end with this container\n',
        ),
      ]);
    });

    test('it is not mounted, and there is no right to mount it', async () => {
      const { code, stdout, stderr } = await apart(`${without('sys_admin')} ${register()} ${NOTHING}`);
      expect([code, stdout]).toEqual([1, '']);
      expect(stderr).toMatch(
        `BINFMT_NOT_MOUNTED: binfmt_misc is not mounted on ${MOUNT}, and cannot be mounted from here: `,
      );
      expect(stderr).toMatch(`; remedy: ${REGISTER_ERRORS.BINFMT_NOT_MOUNTED.remedy}\n`);
    });

    // busybox calls its own mount, the others that of util-linux, which explains itself in two lines.
    test.each(SHELLS)(
      'a volume is given, and the host had nothing to put on it, in $name',
      async ({ argv }) => {
        const call = `${argv.join(' ')} ${scriptFile()} --mount /mnt ${NOTHING}`;
        // An empty folder, whatever the machine has in /mnt.
        const empty = 'mount -t tmpfs tmpfs /mnt';
        const { code, stderr } = await apart(`${empty}; ${without('sys_admin')} ${call}`);
        expect([code, stderr]).toEqual([
          1,
          expect.stringMatching(
            /^BINFMT_NOT_MOUNTED: binfmt_misc is not mounted on \/mnt, .*; remedy: On the host: mount .*\n$/,
          ),
        ]);
      },
    );

    test('the kernel does not know it', async () => {
      const ignorant =
        'mount -t tmpfs tmpfs /mnt; echo "nodev tmpfs" >/mnt/list; mount --bind /mnt/list /proc/filesystems';
      expect(await apart(`${ignorant}; ${without('sys_admin')} ${register()} ${NOTHING}`)).toEqual(
        reported('BINFMT_MISSING', 'this kernel has no binfmt_misc'),
      );
    });

    test('an automount that nobody answers, as a container sees that of the host', async () => {
      const options = 'fd=3,pgrp=1,minproto=5,maxproto=5,direct';
      // The pipe to the daemon has no reader; the first look finds that out, and dies of it.
      const automount = `mount -i -t autofs systemd-1 ${MOUNT} -o ${options} 3>&1 >/dev/null | true; ls ${MOUNT}/register 2>/dev/null || true`;
      expect(await apart(`${automount}; ${register()} ${NOTHING}`)).toEqual(
        reported('AUTOFS_NOT_TRIGGERED', `${MOUNT} is an automount that has not mounted binfmt_misc`),
      );
    });

    // From here on it is mounted for a moment longer than the call, until the kernel has ended its mounts.
    test('somebody else keeps it mounted: so they stay', async () => {
      const { code, stderr } = await apart(`mount -t binfmt_misc binfmt_misc /mnt; ${register()} ${NOTHING}`);
      expect([code, stderr]).toEqual([0, 'qemu-of-nobody is not registered: nothing to remove\n']);
    });

    test('another user', async () => {
      const nobody = 'setpriv --reuid 65534 --regid 65534 --clear-groups';
      expect(
        await apart(
          `mount -t binfmt_misc binfmt_misc ${MOUNT}; ${nobody} sh -s -- ${NOTHING} <${scriptFile()}`,
        ),
      ).toEqual(reported('BINFMT_NO_PERMISSION', `${MOUNT}/register is not writable for this user`));
    });
  },
);
