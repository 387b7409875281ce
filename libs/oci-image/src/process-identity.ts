import { readFile } from 'node:fs/promises';

/**
 * Id and start time of a process: ids are used again, both together are not. Empty where there is no such
 * process. proc_pid_stat(5), field 22; the name in field 2 may hold spaces, so counting starts behind it.
 */
export async function processIdentity(pid: number): Promise<string> {
  const status = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  const started = status.slice(status.lastIndexOf(')') + 2).split(' ')[19];
  return started === undefined ? '' : `${pid} ${started}`;
}
