import { type Compression, type GzipPool, type ZstdFrames, zstdSmall } from '@qemu-user-static/compression';
import {
  createBlob,
  digestOf,
  END_OF_ARCHIVE,
  type Layer,
  type Layout,
  tarEntry,
} from '@qemu-user-static/oci-image';
import type { ContextFile } from '../images/context.ts';
import type { LayerPlan } from '../images/layer-plan.ts';
import { allEnded } from './all-ended.ts';

/** A layer whose contents all lie in memory. */
export interface SmallLayer {
  readonly plan: LayerPlan;
  /** The files of the context that fill it. */
  readonly files: readonly ContextFile[];
  /** Seconds since 1970. */
  readonly mtime: number;
}

/** Where layers are written, and how they are compressed. */
export interface LayerOutput {
  readonly layout: Layout;
  readonly compressions: readonly Compression[];
  readonly gzip: GzipPool;
  readonly zstd: ZstdFrames;
}

/** Writes a small layer, once in each compression. */
export async function writeSmallLayer(
  { plan, files, mtime }: SmallLayer,
  { layout, compressions, gzip }: LayerOutput,
): Promise<Layer[]> {
  const contents = new Map(files.map((file) => [file.path, file.content]));
  const parts = plan.entries.flatMap((entry) => {
    const content = contents.get(entry.source ?? '') ?? new Uint8Array();
    return tarEntry({ ...entry, size: content.length }, content, mtime);
  });
  const tar = Buffer.concat([...parts, END_OF_ARCHIVE]);
  const diffId = digestOf(tar);
  const compress: Record<Compression, (bytes: Uint8Array) => Promise<Uint8Array>> = {
    gzip: (bytes) => gzip.member([bytes]),
    zstd: zstdSmall,
  };
  return allEnded(
    compressions.map(async (compression) => {
      const bytes = await compress[compression](tar);
      const blob = await createBlob(layout);
      try {
        await blob.write(bytes);
        return { compression, ...(await blob.commit()), diffId, createdBy: plan.createdBy };
      } catch (error) {
        await blob.abort();
        throw error;
      }
    }),
  );
}
