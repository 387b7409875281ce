import type { HostPlatform } from '@qemu-user-static/arch-table';
import { blobSize, ImageError, walkLayout } from '@qemu-user-static/oci-image';
import { assertContents } from '../check/contents.ts';
import type { Proof } from '../check/proof.ts';
import type { ImageOrigin } from '../images/labels.ts';
import type { OnEvent } from '../report/events.ts';
import { listed } from '../report/problems.ts';
import { blobsOf, type ImageSet } from './image-set.ts';
import { mergeLayouts, type WalkedLayout } from './merge.ts';

export interface LoadContext {
  readonly origin: ImageOrigin;
  readonly onEvent: OnEvent;
}

/**
 * The images of layouts, merged. Their documents are those that this checkout makes, and every file in their layers is
 * compared with the packages of the lock, as `check` does.
 *
 * @throws ImageError LAYOUT_INVALID, BLOB_DAMAGED, BLOB_MISSING; BuilderError LAYOUTS_DIFFER, PLATFORMS_MISSING,
 *   CHECK_FAILED
 */
export async function loadImages(
  folders: readonly string[],
  proof: Proof,
  platforms: readonly HostPlatform[],
  { origin, onEvent }: LoadContext,
): Promise<ImageSet> {
  const layouts = await Promise.all([...new Set(folders)].map(walk));
  const { lock, template } = proof;
  const set = await mergeLayouts(lock, layouts, platforms, { template, origin });
  await assertBlobs(set);
  // One layout after the other: each is read on all cores.
  for (const { layout, found } of layouts) {
    const taken = found.images.filter(({ manifest }) => set.documents.has(manifest.digest));
    await assertContents(layout, taken, proof, onEvent);
  }
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
      if (found === null)
        throw new ImageError('BLOB_MISSING', `${layout?.folder} does not have blob ${digest}`);
      if (found !== size)
        throw new ImageError(
          'BLOB_DAMAGED',
          `${layout?.folder}: blob ${digest} has ${found} bytes, not ${size}`,
        );
    }),
  );
}
