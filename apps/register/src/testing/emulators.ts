import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { machine } from 'node:os';
import { join } from 'node:path';
import {
  emulatorOf,
  GUEST_NAMES,
  type GuestName,
  guestNamed,
  probeProgram,
} from '@qemu-user-static/arch-table';
import { scratch } from './script.ts';

/**
 * A folder with an executable file for each guest, for tests of registering alone: a program of this machine's that
 * ends as every probe does, so that it counts as an emulator that works.
 */
export function standIns(guests: readonly GuestName[] = GUEST_NAMES): string {
  const folder = join(scratch(), `emulators-${guests.length}-${guests[0]}`);
  if (existsSync(folder)) return folder;
  mkdirSync(folder);
  const program = probeProgram(guestNamed(machine()));
  for (const guest of guests)
    writeFileSync(join(folder, `qemu-${emulatorOf(guest)}-static`), program, { mode: 0o755 });
  return folder;
}
