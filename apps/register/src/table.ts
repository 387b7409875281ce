import {
  elfPattern,
  emulatorOf,
  escapeBytes,
  GUEST_NAMES,
  guest,
  namesOf,
} from '@qemu-user-static/arch-table';

/** The table as the shell function `table`: it calls its arguments once a guest, with the row's words behind them. */
export function shellTable(): string {
  const rows = GUEST_NAMES.map((name) => {
    const { magic, mask } = elfPattern(guest(name));
    const words = [name, emulatorOf(name), guest(name).family];
    return `\t"$@" ${words.join(' ')} '${escapeBytes(magic)}' '${escapeBytes(mask)}'`;
  });
  return ['table() {', ...rows, '}'].join('\n');
}

/** What `uname -m` prints, to the guest that is that CPU: the shell function `cpu_of`, which sets `cpu`. */
export function shellCpuNames(): string {
  const arms = GUEST_NAMES.map((name) => {
    const names = new Set([name, ...namesOf(name, 'debian'), ...namesOf(name, 'uname')]);
    return {
      name,
      names: [...names].filter((alias) => alias === name || !GUEST_NAMES.includes(alias as never)),
    };
  }).map(({ name, names }) => `\t${names.join('|')}) cpu=${name} ;;`);
  return ['cpu_of() {', '\tcase $1 in', ...arms, '\t*) cpu= ;;', '\tesac', '}'].join('\n');
}
