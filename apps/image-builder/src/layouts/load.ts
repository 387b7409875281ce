import type { HostPlatform } from '@qemu-user-static/arch-table';
import type { Lock } from '@qemu-user-static/lock';
import { blobSize, ImageError, walkLayout } from '@qemu-user-static/oci-image';
import type { DocumentContext } from '../build/make-image.ts';
import { listed } from '../report/problems.ts';
import { blobsOf, type ImageSet } from './image-set.ts';
import { mergeLayouts, type WalkedLayout } from './merge.ts';

/**
 * The images that lie in folders, merged. Documents are hashed; of layers only the sizes are looked at, for
 * `check` has hashed them, and a registry takes none that is not what its digest says.
 *
 * @throws ImageError LAYOUT_INVALID, BLOB_DAMAGED, BLOB_MISSING; BuilderError LAYOUTS_DIFFER, PLATFORMS_MISSING
 */
export async function loadImages(
  folders: readonly string[],
  lock: Lock,
  platforms: readonly HostPlatform[],
  context: Omit<DocumentContext, 'compressions'>,
): Promise<ImageSet> {
  const layouts = await Promise.all([...new Set(folders)].map(walk));
  const set = await mergeLayouts(lock, layouts, platforms, context);
  await assertBlobs(set);
  return set;
}

async function walk(folder: string): Promise<WalkedLayout> {
  const layout = { folder };
  const found = await walkLayout(layout);
  if (found.problems.length > 0) throw new ImageError('BLOB_DAMAGED', `${folder}:${listed(found.problems)}`);
  return { layout, found };
}

async function assertBlobs(set: ImageSet): Promise<void> {
  await Promise.all(
    Array.from(blobsOf(set).values(), async ({ digest, size }) => {
      const layout = set.layoutOf.get(digest);
      const found = layout === undefined ? null : await blobSize(layout, digest);
      if (found === null) throw new ImageError('BLOB_MISSING', `${layout?.folder} lacks blob ${digest}`);
      if (found !== size)
        throw new ImageError(
          'BLOB_DAMAGED',
          `${layout?.folder}: blob ${digest} has ${found} bytes, not ${size}`,
        );
    }),
  );
}
