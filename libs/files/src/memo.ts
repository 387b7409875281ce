import { hash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * A result of an earlier run, kept so that this run need not make it again. It lies in a folder, a layout's or the
 * cache's, and counts only for the same inputs, and while it is what was kept; whoever recalls it checks the files that
 * it names.
 */
export interface Memo<T> {
  /** Hash of all inputs. */
  readonly key: string;
  readonly value: T;
  /** Hash of both: a damaged file may still be JSON. */
  readonly sha256: string;
}

/** Where memos lie. */
interface Place {
  readonly folder: string;
}

/** A key over inputs that can be written as JSON: all that the result depends on, versions of programs included. */
export function memoKey(inputs: unknown): string {
  return hash('sha256', JSON.stringify(inputs));
}

/** The result kept under `name` for `key`; null without one, or for other inputs. */
export async function recall<T>(place: Place, name: string, key: string): Promise<T | null> {
  try {
    const memo = JSON.parse(await readFile(memoPath(place, name), 'utf8')) as Memo<T>;
    return memo.key === key && memo.sha256 === memoKey([key, memo.value]) ? memo.value : null;
  } catch {
    // No memo, or half of one: both mean that the work is done again, as damage does.
    return null;
  }
}

/**
 * Keeps a result, in place: half a memo is not JSON, so it is ignored, and a run that is killed here leaves no
 * temporary file behind.
 */
export async function remember<T>(place: Place, name: string, key: string, value: T): Promise<void> {
  await mkdir(join(place.folder, '.memo'), { recursive: true });
  const memo: Memo<T> = { key, value, sha256: memoKey([key, value]) };
  await writeFile(memoPath(place, name), JSON.stringify(memo), { mode: 0o644 });
}

/** Where a memo lies. */
export function memoPath(place: Place, name: string): string {
  return join(place.folder, '.memo', `${name.replaceAll('/', '-')}.json`);
}
