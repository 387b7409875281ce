import { hash } from 'node:crypto';
import { resolve } from 'node:path';
import { memoKey, recall, remember } from '@qemu-user-static/files';
import { type Digest, type Layout, stampsOf } from '@qemu-user-static/oci-image';

// As git's index does for the files of a checkout: a blob whose device, inode, size and times are those that it had when it
// was hashed is taken for the same. `release` alone does so; `check` reads every byte.

export type Stamps = ReadonlyMap<Digest, string>;

/** Raise it when a stamp is made of something else than before. */
const STAMPS_VERSION = 1;

/** Milliseconds. A file that changes twice within a tick of its clock has the same times, so what is as new is not trusted. */
const TICK = 100;

/** Blobs that were hashed, and when that began, in milliseconds since 1970. */
export interface Hashed {
  readonly digests: Iterable<Digest>;
  readonly since: number;
}

/** The stamps that an earlier run kept in the user's own folder. */
export async function recallStamps(layout: Layout, memory: string): Promise<Stamps> {
  const kept = await recall<[Digest, string][]>({ folder: memory }, nameOf(layout), memoKey(STAMPS_VERSION));
  return new Map(kept ?? []);
}

/**
 * Keeps the stamps of blobs that have not changed since they were hashed, in this run or where they are trusted, in an
 * earlier one.
 */
export async function rememberStamps(
  layout: Layout,
  memory: string,
  trusted: Stamps,
  hashed: readonly Hashed[],
): Promise<void> {
  const since = new Map(
    hashed.flatMap(({ digests, since: time }) => [...digests].map((one) => [one, time] as const)),
  );
  const now = await stampsOf(layout, new Set([...trusted.keys(), ...since.keys()]));
  const kept = [...now].filter(
    ([digest, { text, changed }]) =>
      trusted.get(digest) === text || changed < (since.get(digest) ?? 0) - TICK,
  );
  const value = kept.map(([digest, { text }]) => [digest, text] as const);
  if (value.length === trusted.size && value.every(([digest, text]) => trusted.get(digest) === text)) return;
  await remember({ folder: memory }, nameOf(layout), memoKey(STAMPS_VERSION), value);
}

function nameOf({ folder }: Layout): string {
  return `stamps-${hash('sha256', resolve(folder)).slice(0, 16)}`;
}
