import { elfPattern, GUEST_NAMES, type GuestName, guest } from '@qemu-user-static/arch-table';
import type { Entry } from './namespace.ts';

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

/** What the kernel shows for a guest that was registered. */
export function entryOf(name: GuestName, flags: string, folder: string): Entry {
  const { magic, mask } = elfPattern(guest(name));
  return {
    state: 'enabled',
    interpreter: `${folder}/qemu-${guest(name).emulator ?? name}-static`,
    flags,
    offset: '0',
    magic: hex(magic),
    mask: hex(mask),
  };
}

/** The same for several, by the entries' names. */
export const entriesOf = (
  names: readonly GuestName[],
  flags: string,
  folder: string,
): Record<string, Entry> =>
  Object.fromEntries(names.map((name) => [`qemu-${name}`, entryOf(name, flags, folder)]));

/** Every guest but those of a family: what a host of that family registers. */
export const guestsBut = (family: string): readonly GuestName[] =>
  GUEST_NAMES.filter((name) => guest(name).family !== family);
