import { randomBytes } from 'node:crypto';
import { readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { claimFolder } from '@qemu-user-static/files';
import { ImageError } from './errors.ts';
import { LAYOUT_CONTENTS } from './layout.ts';
import { processIdentity } from './process-identity.ts';

/**
 * Runs `work` as the only writer of the layout in `folder`.
 * @throws ImageError LAYOUT_BUSY while another live process has it; FilesError FOLDER_FOREIGN
 */
export async function asOnlyWriter<T>(folder: string, work: () => Promise<T>): Promise<T> {
  await claimFolder(folder, LAYOUT_CONTENTS);
  const path = await claim(folder);
  try {
    return await work();
  } finally {
    await rm(path, { force: true });
  }
}

/** How often two that began at the same time may meet before one of them gives up. */
const ATTEMPTS = 4;

/**
 * Each writer makes a claim of its own, and only then looks for others: of two, the later one sees the other. Where both see
 * each other, both begin again after a while.
 *
 * @returns the path of the claim
 */
async function claim(folder: string): Promise<string> {
  const identity = (await processIdentity(process.pid)).replace(' ', '-');
  const name = `.writer-${identity}-${randomBytes(8).toString('hex')}`;
  const path = join(folder, name);
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    await setTimeout(attempt * 50 * Math.random());
    await writeFile(path, '', { flag: 'wx' });
    let alone = false;
    try {
      alone = await isAlone(folder, name);
      if (alone) return path;
    } finally {
      if (!alone) await rm(path, { force: true });
    }
  }
  throw new ImageError('LAYOUT_BUSY', `another process is writing ${folder}`);
}

/** Claims of processes that are gone (killed) count for nothing, and no process makes one of their names again. */
async function isAlone(folder: string, own: string): Promise<boolean> {
  const others = (await readdir(folder)).filter((name) => name.startsWith('.writer') && name !== own);
  for (const name of others) {
    if (await isOfLiveProcess(name)) return false;
    await rm(join(folder, name), { force: true });
  }
  return true;
}

/** A claim has its process in its name: so it is never seen half-written. */
async function isOfLiveProcess(name: string): Promise<boolean> {
  const [, pid, started] = /^\.writer-(\d+)-(\d+)-/.exec(name) ?? [];
  return pid !== undefined && (await processIdentity(Number(pid))) === `${pid} ${started}`;
}
