import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
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
  const path = join(folder, '.writer');
  await claim(path, folder);
  try {
    return await work();
  } finally {
    await rm(path, { force: true });
  }
}

/** A claim names its process; that of a process which is gone (killed) counts for nothing. */
async function claim(path: string, folder: string): Promise<void> {
  const self = await processIdentity(process.pid);
  for (let attempt = 0; attempt < 3; attempt++) {
    try {
      await writeFile(path, self, { flag: 'wx' });
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const owner = await readFile(path, 'utf8').catch(() => '');
    if (owner !== '' && owner === (await processIdentity(Number.parseInt(owner, 10)))) break;
    await rm(path, { force: true });
  }
  throw new ImageError('LAYOUT_BUSY', `another process is writing ${folder}`);
}
