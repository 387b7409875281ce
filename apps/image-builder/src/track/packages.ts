import type { GuestName, HostPlatform } from '@qemu-user-static/arch-table';
import { ArchiveError, type FetchContext, fetchFile } from '@qemu-user-static/debian-archive';
import { memoKey, recall, remember } from '@qemu-user-static/files';
import type { LockedPackage, PackageChange } from '@qemu-user-static/lock';
import { extractEmulators } from '../build/extract.ts';

/** The paths of the old packages that the mirror has no more. Of each one only the first byte is asked for. */
export async function vanishedFrom(
  { mirror, http }: FetchContext,
  changes: readonly PackageChange[],
): Promise<string[]> {
  const paths = new Set(changes.flatMap(({ before }) => before?.path ?? []));
  const gone: string[] = [];
  for (const path of paths) {
    const url = new URL(mirror);
    url.pathname = `${url.pathname.replace(/\/$/, '')}/${path}`;
    try {
      (await http.get(url, { headers: { range: 'bytes=0-0' } })).discard();
    } catch (error) {
      if (!(error instanceof ArchiveError) || error.code !== 'FILE_GONE') throw error;
      gone.push(path);
    }
  }
  return gone;
}

/**
 * The guests of a package; null if it is no longer available. A package is half a gigabyte unpacked, so what was
 * found is remembered.
 */
export async function guestsIn(
  locked: LockedPackage,
  platform: HostPlatform,
  archive: FetchContext,
): Promise<GuestName[] | null> {
  const [memory, memo] = [{ folder: archive.cache }, `guests-${locked.sha256}`];
  const key = memoKey([locked, platform]);
  const known = await recall<GuestName[]>(memory, memo, key);
  if (known !== null) return known;
  try {
    const deb = await fetchFile(locked, archive);
    const guests: GuestName[] = [];
    for await (const found of extractEmulators(deb, locked, platform))
      if (found.kind === 'emulator') guests.push(found.guest);
    guests.sort();
    await remember(memory, memo, key, guests);
    return guests;
  } catch (error) {
    if (error instanceof ArchiveError && error.code === 'FILE_GONE_EVERYWHERE') return null;
    throw error;
  }
}
