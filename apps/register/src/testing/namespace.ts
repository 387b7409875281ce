import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { type Outcome, run } from './run.ts';
import { scriptFile } from './script.ts';
import { ONE_SHELL, type Shell } from './shells.ts';

/** Where the kernel's table is, in the namespace and on any machine. */
export const MOUNT = '/proc/sys/fs/binfmt_misc';

/** An entry, as the kernel shows it. */
export interface Entry {
  readonly state: string;
  readonly interpreter: string;
  readonly flags: string;
  readonly offset?: string;
  readonly magic?: string;
  readonly mask?: string;
  readonly extension?: string;
}

export interface Call {
  readonly shell?: Shell;
  /** A program and its words that run the shell, such as setpriv. */
  readonly under?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/**
 * A user namespace with a table of entries of its own (since Linux 6.7): the real kernel, and nothing of it
 * touches the machine or another test. https://docs.kernel.org/admin-guide/binfmt-misc.html
 */
export interface Namespace extends AsyncDisposable {
  /** Runs the register script. */
  register(words: readonly string[], call?: Call): Promise<Outcome>;
  /** Runs any program. */
  run(argv: readonly string[], env?: Readonly<Record<string, string>>): Promise<Outcome>;
  /** Runs lines of the machine's shell, which must succeed, and gives their stdout. */
  sh(lines: string): Promise<string>;
  /** Every entry by its name. */
  entries(): Record<string, Entry>;
}

/** Why this machine cannot do that, or nothing. */
export const NO_NAMESPACES = whyNot();

function whyNot(): string | undefined {
  const mounting = spawnSync(
    'unshare',
    ['--user', '--map-root-user', '--mount', 'mount', '-t', 'binfmt_misc', 'binfmt_misc', MOUNT],
    { encoding: 'utf8' },
  );
  if (mounting.status === 0) return undefined;
  return mounting.error?.message ?? mounting.stderr.trim().split('\n').at(-1);
}

/** Opens one. `prepare` are lines of shell that run in it first, as its root; by default they mount binfmt_misc. */
export async function openNamespace(
  prepare = `mount -t binfmt_misc binfmt_misc ${MOUNT}`,
): Promise<Namespace> {
  const holder = spawn('unshare', [
    '--user',
    '--map-root-user',
    '--mount',
    'sh',
    '-ec',
    `mount -t tmpfs tmpfs ${MOUNT}\n${prepare}\necho ready\nexec cat`,
  ]);
  await ready(holder);
  const pid = String(holder.pid);
  const enter = ['nsenter', '--target', pid, '--user', '--mount', '--preserve-credentials'];
  const folder = `/proc/${pid}/root${MOUNT}`;
  return {
    register: (words, { shell = ONE_SHELL, under = [], env = {} } = {}) =>
      run([...enter, ...under, ...shell.argv, scriptFile(), ...words], { env }),
    run: (argv, env = {}) => run([...enter, ...argv], { env }),
    sh: async (lines) => {
      const { code, stdout, stderr } = await run([...enter, 'sh', '-ec', lines]);
      if (code !== 0) throw new Error(`${lines}\nended with ${code}: ${stderr}`);
      return stdout;
    },
    entries: () => readEntries(folder),
    [Symbol.asyncDispose]: async () => {
      holder.stdin?.end();
      if (holder.exitCode === null) await once(holder, 'exit');
    },
  };
}

async function ready(holder: ChildProcess): Promise<void> {
  const said = await new Promise<string>((resolve) => {
    let stderr = '';
    holder.stderr?.on('data', (chunk) => {
      stderr += chunk;
    });
    holder.stdout?.once('data', () => resolve(''));
    holder.once('exit', () => resolve(stderr || 'the namespace ended'));
  });
  if (said !== '') throw new Error(said);
}

/** Every entry in a mounted table. */
export function readEntries(folder: string): Record<string, Entry> {
  const names = existsSync(folder) ? readdirSync(folder) : [];
  return Object.fromEntries(
    names
      .filter((name) => name !== 'register' && name !== 'status')
      .sort()
      .map((name) => [name, parseEntry(readFileSync(`${folder}/${name}`, 'utf8'))]),
  );
}

/** Removes the emulators' entries from a mounted table. */
export function removeEmulators(folder: string): void {
  for (const name of Object.keys(readEntries(folder)))
    if (name.startsWith('qemu-')) writeFileSync(`${folder}/${name}`, '-1');
}

function parseEntry(text: string): Entry {
  const [state = '', ...lines] = text.trimEnd().split('\n');
  const fields = lines.map((line) => line.split(/:? (.*)/s).slice(0, 2));
  return { state, ...Object.fromEntries(fields) } as Entry;
}
