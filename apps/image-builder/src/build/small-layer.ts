import { type Compression, type GzipPool, zstdSmall } from '@qemu-user-static/compression';
import { createBlob, digestOf, END_OF_ARCHIVE, type Layer, type Layout } from '@qemu-user-static/oci-image';
import type { ContextFile } from '../images/context.ts';
import type { LayerPlan } from '../images/layer-plan.ts';
import { rawEntry } from './raw-entry.ts';

/** Writes a layer whose contents are all at hand, once in each compression. */
export async function writeSmallLayer(
  layout: Layout,
  plan: LayerPlan,
  files: readonly ContextFile[],
  compressions: readonly Compression[],
  mtime: number,
  gzip: GzipPool,
): Promise<Layer[]> {
  const contents = new Map(files.map((file) => [file.path, file.content]));
  const parts = plan.entries.flatMap((entry) =>
    rawEntry(
      entry,
      (entry.source === null ? undefined : contents.get(entry.source)) ?? new Uint8Array(),
      mtime,
    ),
  );
  const tar = Buffer.concat([...parts, END_OF_ARCHIVE]);
  const diffId = digestOf(tar);
  const compress = { gzip: (bytes: Uint8Array) => gzip.member([bytes]), zstd: zstdSmall } satisfies Record<
    Compression,
    unknown
  >;
  return Promise.all(
    compressions.map(async (compression) => {
      const blob = await createBlob(layout);
      await blob.write(await compress[compression](tar));
      return { compression, ...(await blob.commit()), diffId, createdBy: plan.createdBy };
    }),
  );
}
