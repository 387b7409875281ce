import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import type { ArchiveError } from './errors.ts';
import type { ArchiveFile } from './files.ts';
import { systemError } from './limits.ts';

/**
 * `$XDG_CACHE_HOME/qemu-user-static`, or `~/.cache/qemu-user-static`. May be deleted at any time.
 * https://specifications.freedesktop.org/basedir-spec/latest/ has a relative XDG_CACHE_HOME ignored.
 */
export function cacheFolder(environment: NodeJS.ProcessEnv): string {
  const { XDG_CACHE_HOME: chosen = '', HOME: home = homedir() } = environment;
  return join(isAbsolute(chosen) ? chosen : join(home, '.cache'), 'qemu-user-static');
}

/** Where the cache holds the file with this content. */
export function cachePath(cache: string, sha256: string): string {
  return join(cache, 'sha256', sha256);
}

/** Whether the cache has the file, by its content: every byte is read. */
export async function inspectCache(
  cache: string,
  file: ArchiveFile,
): Promise<'absent' | 'damaged' | 'present'> {
  const path = cachePath(cache, file.sha256);
  const hash = createHash('sha256');
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(chunk);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 'absent';
    throw asDiskError(error, path);
  }
  return hash.digest('hex') === file.sha256 ? 'present' : 'damaged';
}

/** Waits for work on the disk, and gives its failure a code. */
export async function onDisk<T>(work: Promise<T>, path: string): Promise<T> {
  return work.catch((cause: unknown) => {
    throw asDiskError(cause, path);
  });
}

function asDiskError(cause: unknown, path: string): ArchiveError {
  const { code = '' } = cause as NodeJS.ErrnoException;
  return systemError(['ENOSPC', 'EDQUOT'].includes(code) ? 'DISK_FULL' : 'CACHE_UNUSABLE', path, cause);
}
