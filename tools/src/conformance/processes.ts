import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

/** Children of a process. (proc(5)) */
export async function childrenOf(pid: number): Promise<number[]> {
  const list = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
  return list
    .split(' ')
    .filter((word) => word !== '')
    .map(Number);
}

async function allBelow(pid: number): Promise<number[]> {
  const children = await childrenOf(pid);
  return [...children, ...(await Promise.all(children.map(allBelow))).flat()];
}

/** Milliseconds in which processes may clean up. */
const GRACE = 3000;

/** Ends all processes below one, also those that pass no signal on; those that do not end are killed. */
export async function endBelow(pid: number): Promise<void> {
  const deadline = Date.now() + GRACE;
  for (let left = await allBelow(pid); left.length > 0; left = await allBelow(pid)) {
    for (const one of left) signal(one, Date.now() < deadline ? 'SIGTERM' : 'SIGKILL');
    await sleep(100);
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It has ended by now.
  }
}
