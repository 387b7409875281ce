import { spawnSync } from 'node:child_process';

/** A shell the script must run in alike. */
export interface Shell {
  readonly name: string;
  readonly argv: readonly [string, ...string[]];
}

const CANDIDATES: readonly Shell[] = [
  { name: 'busybox ash', argv: ['busybox', 'sh'] },
  { name: 'dash', argv: ['dash'] },
  { name: 'bash', argv: ['bash', '--posix'] },
];

const runs = ({ argv: [program, ...words] }: Shell) =>
  spawnSync(program, [...words, '-c', 'exit 42']).status === 42;

/** The shells of this machine, and of those it lacks the names. */
export const SHELLS = CANDIDATES.filter(runs);
export const MISSING_SHELLS = CANDIDATES.filter((shell) => !runs(shell)).map(({ name }) => name);

/** For what does not depend on the shell: the image's own, where there is one. */
export const ONE_SHELL = SHELLS[0] ?? ({ name: 'sh', argv: ['sh'] } satisfies Shell);
