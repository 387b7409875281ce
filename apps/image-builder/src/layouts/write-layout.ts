import {
  asOnlyWriter,
  createBlob,
  createLayout,
  type Descriptor,
  type Digest,
  ImageError,
  type Layout,
  openBlob,
  putDocument,
  REF_NAME,
  removeBadBlobs,
  removeOtherBlobs,
  writeIndex,
} from '@qemu-user-static/oci-image';
import { ociPlatform } from '../images/platforms.ts';
import { blobsOf, documentIn, type ImageSet, isIndex, type SetTag } from './image-set.ts';

/**
 * Writes a set as one layout: to the byte what `build` would have made of all its platforms at once. What the folder
 * has already is hashed and kept, what the set does not need is removed.
 *
 * @throws ImageError BLOB_DAMAGED, BLOB_MISSING, LAYOUT_BUSY; FilesError FOLDER_FOREIGN
 */
export function writeImages(set: ImageSet, folder: string): Promise<void> {
  return asOnlyWriter(folder, async () => {
    const layout = await createLayout(folder);
    const { sound } = await removeBadBlobs(layout);
    const blobs = [...blobsOf(set).keys()];
    for (const digest of blobs.filter((one) => !sound.has(one))) await copyBlob(digest, set, layout);
    for (const document of set.documents.values()) await putDocument(layout, document);
    const tags = [...set.tags].sort((a, b) => (a.tag < b.tag ? -1 : 1));
    await writeIndex(
      layout,
      tags.map((tag) => tagged(tag, set)),
    );
    await removeOtherBlobs(layout, new Set([...blobs, ...set.documents.keys()]));
  });
}

/** A tag as `index.json` lists it. */
function tagged({ tag, digest, platforms: [platform] }: SetTag, set: ImageSet): Descriptor {
  const document = documentIn(set, digest);
  const annotations = { [REF_NAME]: tag };
  if (isIndex(document) || platform === undefined) return { ...document.descriptor, annotations };
  return { ...document.descriptor, platform: ociPlatform(platform), annotations };
}

/** The blob is hashed on its way: a layout that came over a network may be damaged. */
async function copyBlob(digest: Digest, { layoutOf }: ImageSet, to: Layout): Promise<void> {
  const from = layoutOf.get(digest);
  if (from === undefined) throw new RangeError(`${digest} is in no layout of the set`);
  const source = await openBlob(from, digest);
  const blob = await createBlob(to);
  try {
    for await (const chunk of source.createReadStream({ highWaterMark: 1 << 20 })) await blob.write(chunk);
  } catch (error) {
    await blob.abort();
    throw error;
  }
  const written = await blob.commit();
  if (written.digest !== digest)
    throw new ImageError('BLOB_DAMAGED', `${from.folder}: blob ${digest} has digest ${written.digest}`);
}
