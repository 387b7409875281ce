import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Namespace } from './namespace.ts';
import type { Outcome } from './run.ts';
import { scriptFile } from './script.ts';

/** Why this machine's busybox cannot stand alone in a root folder, as the image's does, or nothing. */
export const NO_STATIC_BUSYBOX = whyNot();

function whyNot(): string | undefined {
  const root = mkdtempSync(join(tmpdir(), 'register-busybox-'));
  const alone =
    'mkdir "$0/bin" && cp "$(command -v busybox)" "$0/bin/" && unshare --user --map-root-user chroot "$0" /bin/busybox true';
  const { status, stderr } = spawnSync('sh', ['-c', alone, root], { encoding: 'utf8' });
  rmSync(root, { recursive: true });
  return status === 0 ? undefined : stderr.trim();
}

/**
 * Lines for `openNamespace`: a root folder on /mnt with what an image has. Nothing is mounted on binfmt_misc.
 * `busybox` is a file, or what the shell makes one of.
 */
export const imageRoot = (busybox = '$(command -v busybox)') => `
mount -t tmpfs -o strictatime tmpfs /mnt
mkdir -p /mnt/bin /mnt/dev /mnt/proc /mnt/usr/bin
touch /mnt/dev/null
mount --bind /dev/null /mnt/dev/null
mkdir -m 1777 /mnt/tmp
cp "${busybox}" /mnt/bin/busybox
ln -s busybox /mnt/bin/sh
cp ${scriptFile()} /mnt/register
mount --rbind /proc /mnt/proc
`;

/**
 * Lines that follow `imageRoot`: /proc is a folder of files there, which make root the machine's own, the time second
 * 1000, and the mounts those that are given.
 */
export const pretendedProc = (mounts: string) => `
umount -l /mnt/proc
cd /mnt/proc
mkdir -p self sys/kernel sys/fs/binfmt_misc
cp /proc/sys/kernel/osrelease sys/kernel
cp /proc/filesystems .
cp /mnt/bin/busybox self/exe
echo x86_64 >sys/kernel/arch
echo 0 0 4294967295 >self/uid_map
echo 1000.00 0 >uptime
echo '${mounts}' >self/mounts
cp self/mounts .
`;

/** Calls the script as a container of the image does. */
export function callImage(machine: Namespace, words: string): Promise<Outcome> {
  return machine.run(['chroot', '/mnt', '/register', ...words.split(' ')], { QEMU_BIN_DIR: '/usr/bin' });
}
