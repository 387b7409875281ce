import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { ConformanceError } from './errors.ts';
import { childrenOf } from './processes.ts';
import { stopped } from './stop.ts';
import { whereAre } from './where.ts';

// A user namespace with a binfmt_misc of its own (Linux 6.7), so that emulators are registered as users register them,
// and nothing of it touches the machine. https://docs.kernel.org/admin-guide/binfmt-misc.html

const TABLE = '/proc/sys/fs/binfmt_misc';

/** What a program did. */
export interface Ended {
  /** Its exit status, as a shell has it: 128 and more for a signal. Nothing if it was ended after its limit. */
  readonly status: number | undefined;
  /** Seconds from beginning to end. */
  readonly wall: number;
  /** Seconds of user and system time; of it and of its children. */
  readonly cpu: number;
  readonly stdout: string;
  readonly stderr: string;
  /** What its processes were at when it was ended after its limit. */
  readonly where?: string;
}

export interface Run {
  readonly folder: string;
  /** Seconds. */
  readonly limit: number;
  readonly env?: Readonly<Record<string, string>>;
  /** The user that it runs as: 0 unless said. */
  readonly user?: number;
}

export interface Namespace extends AsyncDisposable {
  run(argv: readonly string[], how: Run): Promise<Ended>;
}

/** Bytes of each stream that are kept. */
const KEPT = 64 << 10;

/**
 * A namespace in which these lines are registered.
 * @throws ConformanceError CHECKS_NEED_NAMESPACE, with the words of unshare, mount or the kernel
 */
export async function openNamespace(lines: readonly string[]): Promise<Namespace> {
  stopped.throwIfAborted();
  // It ends when its standard input does, however this process ends.
  const holder = spawn('unshare', ['--user', '--mount', 'sh', '-c', 'echo ready; read end'], {
    stdio: 'pipe',
    detached: true,
  });
  // It may be ended before its input is.
  holder.stdin.on('error', () => undefined);
  const words = text(holder.stderr);
  const [said] = await Promise.race([once(holder.stdout, 'data'), once(holder, 'exit')]);
  if (!Buffer.isBuffer(said)) throw new ConformanceError('CHECKS_NEED_NAMESPACE', (await words).trim());
  const pid = String(holder.pid);
  // Users as they are outside, so that a set-user-ID program has another owner than its caller.
  for (const map of ['uid_map', 'gid_map']) await writeFile(`/proc/${pid}/${map}`, '0 0 65536');
  const enter = ['--target', pid, '--user', '--mount', '--setuid', '0', '--setgid', '0'];
  const close = async () => {
    holder.stdin.end('\n');
    if (holder.exitCode === null && holder.signalCode === null) await once(holder, 'exit');
  };
  try {
    await register(enter, lines);
  } catch (error) {
    await close();
    throw error;
  }
  return {
    run: (argv, how) => runIn(enter, argv, how),
    [Symbol.asyncDispose]: close,
  };
}

const REGISTER = `mount -t binfmt_misc binfmt_misc ${TABLE}
for line; do printf %s "$line" > ${TABLE}/register; done`;

async function register(enter: readonly string[], lines: readonly string[]): Promise<void> {
  const child = spawn('nsenter', [...enter, 'sh', '-ec', REGISTER, 'sh', ...lines], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const [stderr, [code]] = await Promise.all([text(child.stderr), once(child, 'exit')]);
  if (code !== 0) throw new ConformanceError('CHECKS_NEED_NAMESPACE', stderr.trim());
}

/**
 * The first process of a PID namespace: all others end with it. (pid_namespaces(7)) It is bash, since its `time` has
 * milliseconds; descriptor 3 is where it reports them. Its first child waits for the end of the input, a pipe of this process,
 * and then kills the rest until the first ends, which may be about to start the program: however this process ends, and at
 * whatever moment, that is noticed.
 */
const MEASURE = `[ $$ = 1 ] || exit 1
exec 5<&0 </dev/null
{ read -ru 5; while :; do kill -KILL -1; done; } 2>&- &
exec 5<&- 4>&2; ulimit -c 0; TIMEFORMAT='%3R %3U %3S'
{ time "$@" 2>&4 3>&- 4>&-; } 2>&3`;

async function runIn(enter: readonly string[], argv: readonly string[], how: Run): Promise<Ended> {
  const { folder, limit, env = {}, user = 0 } = how;
  const own = ['unshare', '--mount', '--pid', '--fork', '--mount-proc', `--wd=${folder}`];
  const as = user === 0 ? [] : ['setpriv', `--reuid=${user}`, `--regid=${user}`, '--clear-groups'];
  // Its input is a socket, so that bash takes itself for a remote shell and would read ~/.bashrc. (bash(1), INVOCATION)
  const measure = ['bash', '--norc', '-c', MEASURE, 'bash'];
  const child = spawn('nsenter', [...enter, ...own, ...measure, ...as, ...argv], {
    env: { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C', ...env },
    stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
    // Ctrl-C is for this program, which ends it.
    detached: true,
  });
  child.stdin?.on('error', () => undefined);
  const kill = () => void child.stdin?.destroy();
  stopped.addEventListener('abort', kill);
  const end = { late: false, where: '' };
  const timer = setTimeout(async () => {
    end.late = true;
    const [first = 0] = await childrenOf(child.pid ?? 0);
    const [, ...others] = await childrenOf(first);
    end.where = await whereAre(others);
    kill();
  }, limit * 1000);
  const begun = performance.now();
  const kept = [child.stdout, child.stderr, child.stdio[3] as NodeJS.ReadableStream].map(keep);
  const [code] = (await once(child, 'close')) as [number | null];
  clearTimeout(timer);
  stopped.removeEventListener('abort', kill);
  stopped.throwIfAborted();
  const [stdout = '', stderr = '', times = ''] = kept.map((stream) => stream());
  const [, real, inUser, inSystem] = /([\d.]+) ([\d.]+) ([\d.]+)\n$/.exec(times) ?? [];
  return {
    status: end.late ? undefined : (code ?? undefined),
    wall: Number(real ?? (performance.now() - begun) / 1000),
    cpu: Number(inUser ?? 0) + Number(inSystem ?? 0),
    stdout,
    stderr,
    ...(end.late && { where: end.where }),
  };
}

/** Reads a stream to its end, and keeps its last bytes. */
function keep(stream: NodeJS.ReadableStream | null): () => string {
  let bytes = Buffer.alloc(0);
  stream?.on('data', (chunk: Buffer) => {
    bytes = Buffer.concat([bytes, chunk]).subarray(-KEPT);
  });
  return () => bytes.toString();
}
