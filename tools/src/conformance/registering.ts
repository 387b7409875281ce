import { emulatorOf, type GuestName, registrationLine } from '@qemu-user-static/arch-table';
import type { Emulator } from './emulators.ts';

/** The CPU of this machine, which is the only one that conformance runs on. */
const OWN_GUEST: GuestName = 'x86_64';

/** The letters of the image's own default. */
export const USUAL_FLAGS = 'F';

/**
 * Whether an emulator is called by its name instead of registered: that of this machine's own CPU, or of the CPU that it is a
 * program of, would be asked to run itself.
 */
export function isCalled(guest: GuestName, { host }: Emulator): boolean {
  return [OWN_GUEST, host].includes(emulatorOf(guest));
}

/** The lines for binfmt_misc that run a guest's programs; with one for the emulator itself if it is of another CPU. */
export function linesFor(guest: GuestName, emulator: Emulator, flags: string): string[] {
  const { by, file } = emulator;
  const first = by === undefined ? [] : [registrationLine(by.guest, by.file, USUAL_FLAGS)];
  return isCalled(guest, emulator) ? first : [...first, registrationLine(guest, file, flags)];
}

/** What names an emulator in the state of runs: its bytes, and those of what runs it. */
export function identityOf({ sha256, by }: Emulator): string {
  return by === undefined ? sha256 : `${sha256} by ${by.sha256}`;
}
