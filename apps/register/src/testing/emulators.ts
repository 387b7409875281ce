import { copyFileSync, existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { emulatorOf, GUEST_NAMES, type GuestName } from '@qemu-user-static/arch-table';
import { scratch } from './script.ts';

/**
 * A folder with an executable file for each guest, for tests of registering alone: the kernel opens an
 * interpreter then, and runs it only when a guest's program is run.
 */
export function standIns(guests: readonly GuestName[] = GUEST_NAMES): string {
  const folder = join(scratch(), `emulators-${guests.length}-${guests[0]}`);
  if (existsSync(folder)) return folder;
  mkdirSync(folder);
  for (const guest of guests) copyFileSync('/bin/true', join(folder, `qemu-${emulatorOf(guest)}-static`));
  return folder;
}
