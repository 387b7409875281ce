import { lstat } from 'node:fs/promises';
import { blobPath, type Layout } from './blob-file.ts';
import { type Digest, isDigest } from './digest.ts';

/** The metadata that changes with a file's contents, unless somebody sets the clock back: as in git's index. */
export interface BlobStamp {
  /** Device, inode, size, and the times of the last change of contents and of anything, in nanoseconds. */
  readonly text: string;
  /** The last of these times, in milliseconds since 1970. */
  readonly changed: number;
}

/** The stamps of those blobs that are regular files. */
export async function stampsOf(layout: Layout, digests: Iterable<Digest>): Promise<Map<Digest, BlobStamp>> {
  const stamps = new Map<Digest, BlobStamp>();
  const stamp = async (digest: Digest) => {
    const found = await lstat(blobPath(layout, digest), { bigint: true }).catch(() => null);
    if (!found?.isFile()) return;
    const { dev, ino, size, mtimeNs, ctimeNs } = found;
    stamps.set(digest, {
      text: [dev, ino, size, mtimeNs, ctimeNs].join(' '),
      changed: Number(ctimeNs) / 1e6,
    });
  };
  await Promise.all(Array.from(digests).filter(isDigest).map(stamp));
  return stamps;
}
