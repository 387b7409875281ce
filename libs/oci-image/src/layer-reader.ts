import type { Digest } from './digest.ts';
import { blobSize } from './layout.ts';
import { diffIdOf, type LayerBlob, type ReadLayer, readLayer } from './read-layer.ts';
import { SMALL, WorkerPool } from './worker-pool.ts';

/** Reads layers on all cores. */
export interface LayerReader {
  /** @throws Error if the blob is not a whole archive in its compression */
  read(blob: LayerBlob): Promise<ReadLayer>;
  /** The digest of what a layer decompresses to. @throws Error as `read`, but does not look at the archive */
  diffIdOf(blob: LayerBlob): Promise<Digest>;
  close(): Promise<void>;
}

export function openLayerReader(): LayerReader {
  const workers = new WorkerPool('./read-layer-worker.ts');
  const isSmall = async ({ layout, digest }: LayerBlob) => {
    const size = await blobSize(layout, digest);
    return size === null || size <= SMALL;
  };
  return {
    read: async (blob) => ((await isSmall(blob)) ? readLayer(blob) : workers.run(blob)),
    diffIdOf: async (blob) => ((await isSmall(blob)) ? diffIdOf(blob) : workers.run(blob, 'diffIdOf')),
    close: () => workers.close(),
  };
}
