import { ArchiveError, type FetchContext } from '@qemu-user-static/debian-archive';
import type { PackageChange } from '@qemu-user-static/lock';

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
