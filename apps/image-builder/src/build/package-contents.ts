import { hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { dirname } from 'node:path';
import { type DebEntry, readDeb } from '@qemu-user-static/debian-archive';
import { memoKey, recall, remember } from '@qemu-user-static/files';
import type { LockedPackage } from '@qemu-user-static/lock';
import type { PackageContents } from '../check/proof.ts';

/** Raise it when the record of a package says something else than before. */
const RECORD_VERSION = 1;

/**
 * What a package installs, as `readDeb` has it. The SHA-256 of each file that was read is kept beside the package, so
 * that whoever compares images with it need not unpack it again.
 *
 * @param deb where the package is in the cache
 * @throws ArchiveError what `readDeb` throws; nothing is kept then
 */
export async function* readPackage(deb: string, locked: LockedPackage): AsyncGenerator<DebEntry> {
  const hashes = new Map<string, string>();
  for await (const entry of readDeb(createReadStream(deb), locked)) {
    const read: DebEntry['read'] = async (memory) => {
      const content = await entry.read(memory);
      hashes.set(entry.path, hash('sha256', content));
      return content;
    };
    yield { ...entry, read };
  }
  await keep(deb, locked, hashes);
}

/** The SHA-256 of every file of a package in the cache. */
export async function readContents(deb: string, locked: LockedPackage): Promise<PackageContents> {
  const hashes = new Map<string, string>();
  for await (const entry of readDeb(createReadStream(deb), locked))
    if (entry.type === 'file') hashes.set(entry.path, hash('sha256', await entry.read()));
  await keep(deb, locked, hashes);
  return hashes;
}

const nameOf = ({ sha256 }: LockedPackage) => `contents-${sha256}`;
const keyOf = ({ sha256 }: LockedPackage) => memoKey([RECORD_VERSION, sha256]);

/** The record of an earlier run; null without one. */
export async function keptContents(deb: string, locked: LockedPackage): Promise<PackageContents | null> {
  const kept = await recall<[string, string][]>({ folder: dirname(deb) }, nameOf(locked), keyOf(locked));
  return kept === null ? null : new Map(kept);
}

async function keep(deb: string, locked: LockedPackage, contents: PackageContents): Promise<void> {
  const kept = remember({ folder: dirname(deb) }, nameOf(locked), keyOf(locked), [...contents]);
  // A cache that can only be read is of use too; the next run unpacks the package again.
  await kept.catch(() => undefined);
}
