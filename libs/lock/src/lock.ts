import { hash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { replaceFile } from '@qemu-user-static/files';
import { z } from 'zod';
import { LockError } from './errors.ts';
import {
  channelName,
  checkGuestsFrom,
  commonGuests,
  guestsFrom,
  pathInPackage,
  platformName,
  problems,
} from './schema.ts';

const time = z.iso.datetime({ precision: 0 });
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

const sourceName = z.strictObject({ package: z.string(), version: z.string() });

/** A source package as the archive's signed index describes it. */
const lockedSource = z.strictObject({
  /**
   * As its machine-readable `debian/copyright` names them; empty where that is only for people to read, null where
   * neither the mirror nor the snapshot service had it.
   */
  licenses: z.array(z.string()).nullable(),
  files: z.array(z.strictObject({ path: pathInPackage, size: z.int().nonnegative(), sha256 })).min(1),
});

const lockedPackage = z.strictObject({
  package: z.string(),
  version: z.string(),
  architecture: z.string(),
  source: sourceName,
  /** Sources whose code is linked in, apart from `source`: Debian's Built-Using. */
  builtUsing: z.array(sourceName),
  path: pathInPackage,
  size: z.int().positive(),
  sha256,
  /** Where in the package the wanted files are; `{guest}` stands for a guest's name. */
  files: pathInPackage,
});

const lockedPlatform = z.strictObject({
  /** QEMU's version, as its makers write it. */
  version: z.string().regex(/^\d+(\.\d+){1,2}(-rc\d+)?$/, {
    error: ({ input }) => `"${input}" is not a version of QEMU, such as 11.1.3 or 11.2.0-rc1`,
  }),
  /** Date of the signed Release that first had these packages: the time in the platform's images. */
  released: time,
  emulators: lockedPackage,
  /** Whose emulators are in it, by QEMU's names, sorted; the table may lack some. */
  guests: z.array(z.string().regex(/^\w+$/)),
  shell: lockedPackage,
});

const lockedChannel = z.strictObject({
  /** The signed Release that the packages were verified against. */
  release: z.strictObject({
    origin: z.string(),
    suite: z.string(),
    codename: z.string(),
    date: time,
    validUntil: time.nullable(),
    /** Whether Valid-Until had passed, and it was taken by --accept-expired. */
    expired: z.boolean(),
    signedBy: z.string().regex(/^[0-9A-F]{40}$/i),
  }),
  platforms: z.partialRecord(platformName, lockedPlatform),
  guestsFrom,
});

const channels = z.record(channelName, lockedChannel).superRefine((all, context) => {
  const named = Object.entries(all).map(([name, { guestsFrom: from, platforms }]) => {
    const packages = Object.entries(platforms).map(([platform, { emulators }]) => [
      platform,
      emulators.package,
    ]);
    return [name, { guestsFrom: from, packages: Object.fromEntries(packages) }] as const;
  });
  checkGuestsFrom(Object.fromEntries(named), context);
});

const schema = z.strictObject({
  schemaVersion: z.literal(4),
  channels,
  /** The guests of the images `common`. */
  common: commonGuests,
  /** By name and version, see `sourceKey` in locked.ts. One that the archive did not list is not among them. */
  sources: z.record(z.string(), lockedSource),
  /** How often images of a QEMU version were made again, and from what the last time. */
  rebuilds: z.record(z.string(), z.strictObject({ number: z.int().positive(), inputs: sha256 })),
});

/** What we got from Debian, verified: sources.lock.json. docs/lock-file.md describes each field. */
export type Lock = z.infer<typeof schema>;
export type LockedChannel = z.infer<typeof lockedChannel>;
export type LockedPlatform = z.infer<typeof lockedPlatform>;
export type LockedPackage = z.infer<typeof lockedPackage>;
export type LockedSource = z.infer<typeof lockedSource>;
export type SourceName = z.infer<typeof sourceName>;

/** @throws LockError LOCK_MISSING, LOCK_INVALID */
export async function readLock(path: string): Promise<Lock> {
  const text = await readFile(path, 'utf8').catch((cause) => {
    throw new LockError('LOCK_MISSING', `${path} cannot be read`, cause);
  });
  return parseLock(text);
}

/**
 * Takes a lock only as `update` wrote it, to the letter: a slip in a date or a version would change the images, and
 * no hash of a package would show it.
 * @throws LockError LOCK_INVALID
 */
export function parseLock(text: string): Lock {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new LockError('LOCK_INVALID', 'sources.lock.json is not JSON', cause);
  }
  const { checksum: _, ...contents } = Object(value) as Record<string, unknown>;
  const parsed = schema.safeParse(contents);
  if (!parsed.success) throw new LockError('LOCK_INVALID', `sources.lock.json: ${problems(parsed.error)}`);
  if (formatLock(parsed.data) !== text) {
    throw new LockError(
      'LOCK_INVALID',
      'sources.lock.json is not as it was written: its checksum or form differs',
    );
  }
  return parsed.data;
}

/**
 * The lock's text: sorted keys, two spaces, a newline at the end, so that a diff shows what changed; and a checksum
 * over the rest.
 */
export function formatLock(lock: Lock): string {
  const checksum = hash('sha256', JSON.stringify(lock, sortKeys));
  return `${JSON.stringify({ ...lock, checksum }, sortKeys, 2)}\n`;
}

/**
 * Reads a lock back as every command will: what has no place in its form is refused before the old one is replaced.
 * @throws LockError LOCK_UNREADABLE
 */
export function assertReadable(lock: Lock): void {
  try {
    parseLock(formatLock(lock));
  } catch (cause) {
    throw new LockError(
      'LOCK_UNREADABLE',
      `the new lock would be refused: ${(cause as Error).message}`,
      cause,
    );
  }
}

/**
 * A channel has a place in the lock's form. Its relations to other channels are checked with the whole lock.
 * @throws LockError LOCK_UNREADABLE
 */
export function assertChannelReadable(name: string, channel: LockedChannel): void {
  const { error } = lockedChannel.safeParse(channel);
  if (error) throw new LockError('LOCK_UNREADABLE', `channels.${name}.${problems(error)}`);
}

/** Writes the lock; a reader sees the old one or the new one. */
export async function writeLock(path: string, lock: Lock): Promise<void> {
  await replaceFile(path, formatLock(lock));
}

/** What JSON.stringify is given, so that the same contents give the same text. */
export function sortKeys(_key: string, value: unknown): unknown {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
