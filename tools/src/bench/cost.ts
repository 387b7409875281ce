import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';

/** The cost of some programs. */
export interface Cost {
  /** Seconds from beginning to end. */
  readonly wall: number;
  /** Seconds of user and system time, of all processes begun, and of the daemons that worked for them. */
  readonly cpu: number;
  /** The largest sum of what all these held in memory (RSS), in MB; sampled, so a short peak may be missed. */
  readonly memory: number;
}

/** Linux gives times in hundredths of a second, whatever the kernel's own clock. proc_pid_stat(5), USER_HZ */
const HERTZ = 100;
const PAGE = 4096;
const SAMPLE_MS = 100;

/**
 * Runs programs one after the other.
 * @param daemons process ids of the daemons that do a part of the work
 * @throws Error with what a program said, if it fails
 */
export async function costOf(
  commands: readonly (readonly string[])[],
  daemons: readonly number[] = [],
): Promise<Cost> {
  const before = cpuOfTrees(daemons);
  let memory = 0;
  let current: number | undefined;
  const sample = () => {
    const roots = current === undefined ? daemons : [current, ...daemons];
    memory = Math.max(memory, sum(processesBelow(roots).map(({ rss }) => rss)));
  };
  const sampling = setInterval(sample, SAMPLE_MS);
  const begun = performance.now();
  let cpu = 0;
  try {
    for (const command of commands) {
      cpu += await runAndCount(command, (pid) => {
        current = pid;
      });
    }
    const wall = (performance.now() - begun) / 1000;
    sample();
    return { wall, cpu: cpu + cpuOfTrees(daemons) - before, memory: memory / 1e6 };
  } finally {
    clearInterval(sampling);
  }
}

/** The CPU time of a program and all it began, in seconds: `times` is POSIX, and its second line is about children. */
async function runAndCount(command: readonly string[], onPid: (pid: number) => void): Promise<number> {
  const shell = spawn('sh', ['-c', '"$@" >/dev/null || exit; times', 'sh', ...command], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  if (shell.pid !== undefined) onPid(shell.pid);
  const ended = once(shell, 'close') as Promise<[number | null]>;
  const [stdout, stderr, [code]] = await Promise.all([text(shell.stdout), text(shell.stderr), ended]);
  if (code !== 0) throw new Error(`${command.join(' ')} ended with ${code}:\n${stderr.slice(-2000)}`);
  const [, children = ''] = stdout.split('\n');
  return sum(
    Array.from(
      children.matchAll(/(\d+)m([\d.]+)s/g),
      ([, minutes, seconds]) => Number(minutes) * 60 + Number(seconds),
    ),
  );
}

interface Process {
  readonly pid: number;
  readonly parent: number;
  /** Seconds, of itself and of its children that have ended. */
  readonly cpu: number;
  /** Bytes. */
  readonly rss: number;
}

function processesBelow(roots: readonly number[]): Process[] {
  const all = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => readProcess(Number(name)));
  const found = all.filter(({ pid }) => roots.includes(pid));
  for (const { pid } of found) found.push(...all.filter(({ parent }) => parent === pid));
  return found;
}

/** A process that has ended meanwhile is not counted. */
function readProcess(pid: number): Process[] {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name is in brackets and may have any character in it; state is field 3.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const field = (number: number) => Number(fields[number - 3]);
    const cpu = sum([14, 15, 16, 17].map(field)) / HERTZ;
    return [{ pid, parent: field(4), cpu, rss: field(24) * PAGE }];
  } catch {
    return [];
  }
}

function cpuOfTrees(roots: readonly number[]): number {
  return roots.length === 0 ? 0 : sum(processesBelow(roots).map(({ cpu }) => cpu));
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

/** The medians of several costs, each for itself. */
export function medianCost(costs: readonly Cost[]): Cost {
  return {
    wall: median(costs.map(({ wall }) => wall)),
    cpu: median(costs.map(({ cpu }) => cpu)),
    memory: median(costs.map(({ memory }) => memory)),
  };
}

export function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const [low = Number.NaN, high = Number.NaN] = [sorted[Math.ceil(sorted.length / 2) - 1], sorted[middle]];
  return (low + high) / 2;
}
