import { readdir, readlink } from 'node:fs/promises';

/** The paths of the files that this process has open; none on systems other than Linux. */
export async function openFiles(): Promise<string[]> {
  const open = await readdir('/proc/self/fd').catch(() => []);
  return Promise.all(open.map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => '')));
}
