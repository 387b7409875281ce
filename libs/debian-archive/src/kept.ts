import { hash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { replaceFile } from '@qemu-user-static/files';
import { onDisk } from './cache.ts';
import type { DownloadContext } from './download.ts';
import { HttpStatusError } from './http.ts';
import { requireOwnFolder } from './own-folder.ts';
import { fetchSmall } from './small.ts';
import { withoutCredentials } from './urls.ts';

/** A file as it was the last time, and what the server is asked by whether it still is. */
interface Kept {
  readonly etag: string;
  readonly lastModified: string;
  readonly sha256: string;
  readonly text: string;
}

/**
 * A small text that each run requests. The copy of the last time is kept in the cache, and the server sends
 * the text only if it has another (RFC 9110, section 13). A copy is trusted no more than what comes from a server.
 *
 * @throws ArchiveError CACHE_UNUSABLE, DISK_FULL, and what `fetchSmall` throws
 */
export async function fetchKept(url: URL, context: DownloadContext): Promise<string> {
  const path = join(context.cache, 'kept', hash('sha256', withoutCredentials(url)));
  await requireOwnFolder(context.cache);
  const kept = await readKept(path);
  try {
    const { bytes, header } = await fetchSmall(url, context, kept === null ? {} : conditions(kept));
    const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
    const [etag, lastModified] = [header('etag'), header('last-modified')];
    if (etag !== '' || lastModified !== '') await keep(path, text, etag, lastModified);
    return text;
  } catch (error) {
    if (kept !== null && error instanceof HttpStatusError && error.status === 304) return kept.text;
    throw error;
  }
}

function conditions({ etag, lastModified }: Kept): Record<string, string> {
  return {
    ...(etag !== '' && { 'if-none-match': etag }),
    ...(lastModified !== '' && { 'if-modified-since': lastModified }),
  };
}

/** Null without a sound copy: then the request has no condition. */
async function readKept(path: string): Promise<Kept | null> {
  try {
    const kept = JSON.parse(await readFile(path, 'utf8')) as Kept;
    return hash('sha256', kept.text) === kept.sha256 ? kept : null;
  } catch {
    return null;
  }
}

async function keep(path: string, text: string, etag: string, lastModified: string): Promise<void> {
  const kept: Kept = { etag, lastModified, sha256: hash('sha256', text), text };
  await requireOwnFolder(dirname(path));
  await onDisk(replaceFile(path, JSON.stringify(kept)), path);
}
