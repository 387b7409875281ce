import { createReadStream } from 'node:fs';
import { type DebEntry, type FetchContext, fetchFile, readDeb } from '@qemu-user-static/debian-archive';
import type { LockedPackage } from './lock.ts';

/** QEMU's name of a guest; it reaches pages and terminals. */
const GUEST = /^\w+$/;

/** The guests that a package has emulators of, by the names in it, whether the table has them or not; sorted. */
export async function guestsIn(locked: LockedPackage, context: FetchContext): Promise<string[]> {
  const deb = await fetchFile(locked, context);
  const guests: string[] = [];
  for await (const entry of readDeb(createReadStream(deb), locked)) {
    const guest = guestOf(entry, locked.files);
    if (guest !== null && GUEST.test(guest)) guests.push(guest);
  }
  return guests.sort();
}

/** The name in place of `{guest}` in a path that fits the pattern; else null. Other names of one are links. */
export function guestOf({ type, path }: Pick<DebEntry, 'type' | 'path'>, pattern: string): string | null {
  const [head = '', tail = ''] = pattern.split('{guest}');
  if (type !== 'file' || !path.startsWith(head) || !path.endsWith(tail)) return null;
  const guest = path.slice(head.length, path.length - tail.length);
  return guest.includes('/') || guest === '' ? null : guest;
}
