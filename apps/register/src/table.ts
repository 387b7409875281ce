import {
  elfPattern,
  emulatorOf,
  escapeBytes,
  GUEST_NAMES,
  type GuestName,
  guest,
  guestNamed,
  namesOf,
  PROBE_EXIT,
  probeProgram,
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

/** Bytes as printf's format takes them: octal, as short as can be, since nothing but backslashes follows. */
const octal = (bytes: Uint8Array) => Array.from(bytes, (byte) => `\\${byte.toString(8)}`).join('');

/** The facts that functions ask for: lists, and the code that every probe exits with. */
export function shellFacts(): string {
  const platforms = GUEST_NAMES.flatMap((name) => namesOf(name, 'oci'));
  return [
    `PROBE_EXIT=${PROBE_EXIT}`,
    `GUESTS=${quoted(GUEST_NAMES.join(' '))}`,
    `PLATFORMS=${quoted(platforms.join(' '))}`,
  ].join('\n');
}

/** `table COMMAND...`: calls the command once a guest, with the row's words behind it. */
export function shellTable(): string {
  return shellFunction(
    'table',
    GUEST_NAMES.map((name) => {
      const { magic, mask } = elfPattern(guest(name));
      const words = [
        escapeBytes(magic),
        escapeBytes(mask),
        namesOf(name, 'oci').join(' '),
        octal(probeProgram(name)),
      ];
      return ['"$@"', name, emulatorOf(name), guest(name).family, ...words.map(quoted)].join(' ');
    }),
  );
}

/** `alias_of NAME`: sets `guest` to the guest that any ecosystem calls so, as `guestNamed` finds it. */
export function shellAliases(): string {
  const aliases = new Map<GuestName, string[]>(GUEST_NAMES.map((name) => [name, [name]]));
  for (const name of GUEST_NAMES) {
    const spellings = [
      ...namesOf(name, 'oci').map((platform) => platform.replace(/^linux\//, '')),
      ...namesOf(name, 'debian'),
      ...namesOf(name, 'go'),
      ...namesOf(name, 'uname'),
    ];
    for (const spelling of spellings) {
      const list = aliases.get(guestNamed(spelling.replace('*', '4')));
      if (list !== undefined && !list.includes(spelling)) list.push(spelling);
    }
  }
  const arms = Array.from(aliases, ([name, names]) => `${names.join(' | ')}) guest=${name} ;;`);
  return shellFunction('alias_of', choice(arms, 'return 1'));
}

/** `remedy_of CODE`: sets `remedy`. */
export function shellRemedies(catalogue: ErrorCatalogue): string {
  const arms = Object.entries(catalogue).map(([code, { remedy }]) => `${code}) remedy=${quoted(remedy)} ;;`);
  return shellFunction('remedy_of', choice(arms, "remedy=''"));
}
