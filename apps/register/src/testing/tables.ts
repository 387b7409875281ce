import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { elfPattern, emulatorOf, escapeBytes, type GuestName, guest } from '@qemu-user-static/arch-table';
import type { QemuUser } from './qemu-user.ts';

/**
 * Lines of shell that register lines inside the root folder on /mnt, whose table is on /binfmt_misc there. The emulators
 * are in its /usr/bin without `-static` while that happens, and then gone: the kernel holds those of entries with flag F.
 */
export function registerHeld(emulators: string, lines: readonly string[]): string {
  const links = readdirSync(emulators).map(
    (name) => `ln -s /emulators/${name} /mnt/usr/bin/${name.replace(/-static$/, '')}`,
  );
  return `mkdir -p /mnt/emulators; mount --bind ${emulators} /mnt/emulators; mount -t tmpfs -o mode=755 tmpfs /mnt/usr/bin
${links.join('\n')}
cat >/mnt/lines <<'END'
${lines.join('\n')}
END
chroot /mnt /bin/busybox sh -c 'while read -r line; do printf "%s\\n" "$line" >/binfmt_misc/register; done </lines'
umount /mnt/usr/bin; umount -l /mnt/emulators; rm /mnt/lines`;
}

/** What Debian's qemu-user-binfmt registers on amd64: the package's own lines. */
export function debianLines({ binfmt }: QemuUser): string[] {
  return readdirSync(binfmt)
    .filter((name) => !/^qemu-(x86_64|i386)\.conf$/.test(name))
    .map((name) => readFileSync(join(binfmt, name), 'utf8').trimEnd());
}

const TONISTIIGI: readonly GuestName[] = [
  'aarch64',
  'arm',
  'loongarch64',
  'mips64',
  'mips64el',
  'ppc64le',
  'riscv64',
  's390x',
];

/** What tonistiigi/binfmt leaves on amd64. */
export function tonistiigiLines(flags: string): string[] {
  return TONISTIIGI.map((name) => {
    const { magic, mask } = elfPattern(guest(name));
    return `:qemu-${name}:M:0:${escapeBytes(magic)}:${escapeBytes(mask)}:/usr/bin/qemu-${emulatorOf(name)}:${flags}`;
  });
}
