import { mkdir, stat } from 'node:fs/promises';
import { onDisk } from './cache.ts';
import { ArchiveError } from './errors.ts';

const OTHERS_MAY_WRITE = 0o022;

/**
 * Makes the folder unless it exists. In a folder that others can write to, a file can be exchanged for another, or for a
 * link to one of the user's own, between any two steps of this program. So it must belong to the user or to root,
 * and only its owner may write to it.
 *
 * @throws ArchiveError CACHE_NOT_OWN, CACHE_UNUSABLE, DISK_FULL
 */
export async function requireOwnFolder(folder: string): Promise<void> {
  await onDisk(mkdir(folder, { recursive: true, mode: 0o700 }), folder);
  const { uid, mode } = await onDisk(stat(folder), folder);
  const self = process.getuid?.();
  // Windows has neither owners nor modes of this kind.
  if (self === undefined) return;
  if (uid !== self && uid !== 0) {
    throw new ArchiveError(
      'CACHE_NOT_OWN',
      `${folder} belongs to the user ${uid}, and this program runs as ${self}`,
    );
  }
  if ((mode & OTHERS_MAY_WRITE) !== 0) {
    const bits = (mode & 0o777).toString(8);
    throw new ArchiveError('CACHE_NOT_OWN', `other users may write to ${folder} (mode ${bits})`);
  }
}
