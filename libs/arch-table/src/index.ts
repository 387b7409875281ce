export { entryName, registrationLine } from './binfmt-entry.ts';
export { elfPattern, escapeBytes, type Pattern } from './elf-pattern.ts';
export { ARCH_ERRORS, UnknownArchError } from './errors.ts';
export { emulatorOf, GUEST_NAMES, GUESTS, type GuestName, type GuestRow, guest } from './guests.ts';
export { HOST_PLATFORMS, HOSTS, type HostPlatform, type HostRow, host } from './hosts.ts';
export {
  ARCHITECTURE_SPELLINGS,
  type Ecosystem,
  guestFrom,
  guestNamed,
  hostNamed,
  namesOf,
  OTHER_SYSTEMS,
  spelledNames,
} from './lookup.ts';
export { nearest } from './nearest.ts';
export { probeProgram } from './probe-program.ts';
export { PROBE_EXIT } from './probes.ts';
