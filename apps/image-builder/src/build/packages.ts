import type { HostPlatform } from '@qemu-user-static/arch-table';
import { cachePath, type FetchContext, fetchFile } from '@qemu-user-static/debian-archive';
import type { LockedPackage } from '@qemu-user-static/lock';
import type { Packages } from '../check/proof.ts';
import { extractShell } from './extract.ts';
import { keptContents, readContents } from './package-contents.ts';

/**
 * The packages of the lock: the emulators' contents from the record of an earlier run, else from the package, which is
 * fetched where the cache does not have it. The record is the cache's, never a layout's: who can change a layout cannot
 * change what it is compared with.
 */
export function lockedPackages(archive: FetchContext): Packages {
  const contentsOf = once(async (locked: LockedPackage) => {
    const kept = await keptContents(cachePath(archive.cache, locked.sha256), locked);
    return kept ?? readContents(await fetchFile(locked, archive), locked);
  });
  const shellOf = once(async (locked: LockedPackage, platform: HostPlatform) =>
    extractShell(await fetchFile(locked, archive), locked, platform),
  );
  return { contentsOf, shellOf };
}

/** A function of packages that is called once for each. */
function once<More extends unknown[], T>(
  work: (locked: LockedPackage, ...more: More) => Promise<T>,
): (locked: LockedPackage, ...more: More) => Promise<T> {
  const known = new Map<string, Promise<T>>();
  return (locked, ...more) => {
    const found = known.get(locked.sha256) ?? work(locked, ...more);
    known.set(locked.sha256, found);
    return found;
  };
}
