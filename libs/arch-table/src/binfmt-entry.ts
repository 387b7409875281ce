import { elfPattern, escapeBytes } from './elf-pattern.ts';
import { type GuestName, guest } from './guests.ts';

/** Name of a guest's entry in /proc/sys/fs/binfmt_misc. */
export function entryName(name: GuestName): string {
  return `qemu-${name}`;
}

/**
 * The line that registers a guest, as the kernel's `register` file and binfmt.d(5) take it.
 * `flags` are binfmt_misc's letters, in the order wanted: O, C, F, P.
 * https://docs.kernel.org/admin-guide/binfmt-misc.html
 */
export function registrationLine(name: GuestName, interpreter: string, flags: string): string {
  const { magic, mask } = elfPattern(guest(name));
  return `:${entryName(name)}:M::${escapeBytes(magic)}:${escapeBytes(mask)}:${interpreter}:${flags}`;
}
