import { randomBytes } from 'node:crypto';
import { rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** The start of every temporary name, so that a later run can find and remove what a killed one left. */
export const TEMPORARY_PREFIX = '.partial-';

/** A name in `folder` that no other file has. */
export function temporaryIn(folder: string): string {
  return join(folder, `${TEMPORARY_PREFIX}${randomBytes(8).toString('hex')}`);
}

/**
 * Writes a whole file and gives it its name last: a reader sees the old contents or the new ones (rename(2)).
 * @throws NodeJS.ErrnoException; nothing is left behind, and the old file is as it was
 */
export async function replaceFile(path: string, content: string | Uint8Array): Promise<void> {
  const temporary = temporaryIn(dirname(path));
  try {
    // Only a new file: under that name, a link of someone else's would be written through.
    await writeFile(temporary, content, { mode: 0o644, flag: 'wx' });
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}
