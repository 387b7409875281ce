import { hash } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { replaceFile } from './replace-file.ts';

/**
 * What an earlier run made, so that this one need not. A memo stands in a folder, a layout's or the cache; it is used only
 * if it was made from the same inputs; whoever recalls it looks after the blobs that it names.
 */
export interface Memo<T> {
  /** Hash of all inputs. */
  readonly key: string;
  readonly value: T;
}

/** Where memos stand. */
interface Place {
  readonly folder: string;
}

/** The versions on which compressed bytes depend: another zlib may give others. */
const COMPRESSORS = { zlib: process.versions.zlib, zstd: process.versions.zstd };

/** A key over inputs that can be written as JSON. */
export function memoKey(inputs: unknown): string {
  return hash('sha256', JSON.stringify([COMPRESSORS, inputs]));
}

/** What was kept under `name` for `key`; null if nothing was, or for other inputs. */
export async function recall<T>(place: Place, name: string, key: string): Promise<T | null> {
  try {
    const memo = JSON.parse(await readFile(memoPath(place, name), 'utf8')) as Memo<T>;
    return memo.key === key ? memo.value : null;
  } catch {
    // No memo, or one cut short by a crash of the machine: both mean that the work is done anew.
    return null;
  }
}

export async function remember<T>(place: Place, name: string, key: string, value: T): Promise<void> {
  const path = memoPath(place, name);
  await mkdir(join(place.folder, '.memo'), { recursive: true });
  await replaceFile(path, JSON.stringify({ key, value } satisfies Memo<T>));
}

function memoPath(place: Place, name: string): string {
  return join(place.folder, '.memo', `${name.replaceAll('/', '-')}.json`);
}
