import { blobSize } from './layout.ts';
import { type LayerBlob, type ReadLayer, readLayer } from './read-layer.ts';
import { SMALL, WorkerPool } from './worker-pool.ts';

/** Reads layers on all cores. */
export interface LayerReader {
  /** @throws Error if the blob is not a whole archive in its compression */
  read(blob: LayerBlob): Promise<ReadLayer>;
  close(): Promise<void>;
}

export function openLayerReader(): LayerReader {
  const workers = new WorkerPool('./read-layer-worker.ts');
  return {
    read: async (blob) => {
      const size = await blobSize(blob.layout, blob.digest);
      return size === null || size <= SMALL ? readLayer(blob) : workers.run(blob);
    },
    close: () => workers.close(),
  };
}
