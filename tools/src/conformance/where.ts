import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { childrenOf } from './processes.ts';

/** Processes that are described; the others are counted. */
const SHOWN = 3;

/**
 * What processes and those below them are at, those that wait for no child of theirs:
 * `qemu-arm64 checks threads (9 threads, futex_wait_queue)`. Of proc(5); empty if all have ended.
 */
export async function whereAre(pids: readonly number[]): Promise<string> {
  const leaves = (await Promise.all(pids.map(leavesOf))).flat();
  const shown = await Promise.all(leaves.slice(0, SHOWN).map(describeProcess));
  const more = leaves.length > SHOWN ? [`${leaves.length - SHOWN} more processes`] : [];
  return [...shown.filter((one) => one !== ''), ...more].join(', ');
}

async function leavesOf(pid: number): Promise<number[]> {
  const children = await childrenOf(pid);
  return children.length === 0 ? [pid] : (await Promise.all(children.map(leavesOf))).flat();
}

async function describeProcess(pid: number): Promise<string> {
  const [line, status, wait] = await Promise.all([
    read(pid, 'cmdline'),
    read(pid, 'status'),
    read(pid, 'wchan'),
  ]);
  const words = line.split('\0').filter((word) => word !== '');
  if (words.length === 0) return '';
  const threads = Number(/^Threads:\s+(\d+)$/m.exec(status)?.[1] ?? 1);
  const state = /^State:\s+R/m.test(status) || wait === '0' || wait === '' ? 'running' : wait;
  const count = threads > 1 ? `${threads} threads, ` : '';
  return `${words.slice(0, 4).map(shortened).join(' ')} (${count}${state})`;
}

/** A path by its name alone, a script by its first line. */
const shortened = (word: string) =>
  word.startsWith('/') ? basename(word) : word.split('\n')[0]?.slice(0, 40);

const read = (pid: number, name: string) => readFile(`/proc/${pid}/${name}`, 'utf8').catch(() => '');
