import {
  ARCHITECTURE_SPELLINGS,
  elfPattern,
  emulatorOf,
  escapeBytes,
  GUEST_NAMES,
  type GuestName,
  guest,
  guestNamed,
  namesOf,
  OTHER_SYSTEMS,
  PROBE_EXIT,
  probeProgram,
  spelledNames,
} from '@qemu-user-static/arch-table';
import type { ErrorCatalogue } from '@qemu-user-static/errors';

/** A word of the script; single quotes keep everything but themselves. */
const quoted = (text: string) => `'${text.replaceAll("'", String.raw`'\''`)}'`;

/** A shell function. */
const shellFunction = (name: string, lines: readonly string[]) =>
  [`${name}() {`, ...lines.map((line) => `\t${line}`), '}'].join('\n');

/** A `case` on the first argument. `otherwise` is the last arm. */
const choice = (arms: readonly string[], otherwise: string) => [
  'case $1 in',
  ...arms,
  `*) ${otherwise} ;;`,
  'esac',
];

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

/** Bytes as printf's format takes them: octal, as short as can be, since nothing but backslashes follows. */
const octal = (bytes: Uint8Array) => Array.from(bytes, (byte) => `\\${byte.toString(8)}`).join('');

/** Lists for messages: the guests, and everything that they are called. */
export function shellLists(): string {
  return `GUESTS=${quoted(GUEST_NAMES.join(' '))}\nNAMES=${quoted(spelledNames().join(' '))}`;
}

/**
 * `table COMMAND...`: calls the command once a guest, with the row's words behind it: name, emulator, family,
 * platforms, then magic and mask as the kernel takes them, and once more as it shows them.
 */
export function shellTable(): string {
  return shellFunction(
    'table',
    GUEST_NAMES.map((name) => {
      const { magic, mask } = elfPattern(guest(name));
      const platforms = quoted(namesOf(name, 'oci').join(' '));
      const taken = [magic, mask].map((bytes) => quoted(escapeBytes(bytes)));
      return [
        '"$@"',
        name,
        emulatorOf(name),
        guest(name).family,
        platforms,
        ...taken,
        hex(magic),
        hex(mask),
      ].join(' ');
    }),
  );
}

/**
 * `alias_of NAME`: sets `guest`, and its row's `emulator` and `family`, to what any ecosystem calls so, as
 * `guestNamed` finds it.
 */
export function shellAliases(): string {
  const aliases = new Map<GuestName, string[]>(GUEST_NAMES.map((name) => [name, [name]]));
  const add = (spelling: string) => {
    const list = aliases.get(guestNamed(spelling.replace('*', '4')));
    if (list !== undefined && !list.includes(spelling)) list.push(spelling);
  };
  for (const name of GUEST_NAMES) {
    const platforms = namesOf(name, 'oci').map((platform) => platform.replace(/^linux\//, ''));
    const others = (['debian', 'go', 'uname'] as const).flatMap((ecosystem) => namesOf(name, ecosystem));
    for (const spelling of [...platforms, ...others]) add(spelling);
  }
  for (const spelling of Object.keys(ARCHITECTURE_SPELLINGS)) add(spelling);
  const arms = Array.from(
    aliases,
    ([name, names]) =>
      `${names.join(' | ')}) guest=${name} emulator=${emulatorOf(name)} family=${guest(name).family} ;;`,
  );
  return shellFunction('alias_of', choice(arms, 'return 1'));
}

/** `other_system NAME`: whether a platform's operating system is one other than Linux. */
export function shellOtherSystems(): string {
  return shellFunction('other_system', choice([`${OTHER_SYSTEMS.join(' | ')}) return 0 ;;`], 'return 1'));
}

/** `remedy_of CODE`: sets `remedy`. */
export function shellRemedies(catalogue: ErrorCatalogue): string {
  const arms = Object.entries(catalogue).map(([code, { remedy }]) => `${code}) remedy=${quoted(remedy)} ;;`);
  return shellFunction('remedy_of', choice(arms, "remedy=''"));
}

/** `probe_of GUEST`: sets `probe`, a program that exits with PROBE_EXIT, as a format of printf. */
export function shellProbes(): string {
  const arms = GUEST_NAMES.map((name) => `${name}) probe=${quoted(octal(probeProgram(name)))} ;;`);
  return `PROBE_EXIT=${PROBE_EXIT}\n\n${shellFunction('probe_of', choice(arms, 'return 1'))}`;
}
