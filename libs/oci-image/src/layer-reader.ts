import type { Digest } from './digest.ts';
import { blobSize } from './layout.ts';
import { readAlike } from './read-alike.ts';
import { diffIdOf, type LayerBlob, type ReadLayer, readLayer } from './read-layer.ts';
import { SMALL, WorkerPool } from './worker-pool.ts';

/** Reads layers on all cores. */
export interface LayerReader {
  /** @throws Error if the blob is not a whole archive in its compression */
  read(blob: LayerBlob): Promise<ReadLayer>;
  /** Layers in gzip that have much in common, on one core; null for one that `read` has to read. */
  readAlike(blobs: readonly LayerBlob[]): Promise<(ReadLayer | null)[]>;
  /** The digest of what a layer decompresses to. @throws Error as `read`, but does not look at the archive */
  diffIdOf(blob: LayerBlob): Promise<Digest>;
  close(): Promise<void>;
}

export function openLayerReader(): LayerReader {
  const workers = new WorkerPool('./read-layer-worker.ts');
  const areSmall = async (blobs: readonly LayerBlob[]) => {
    const sizes = await Promise.all(blobs.map(({ layout, digest }) => blobSize(layout, digest)));
    return sizes.reduce((sum: number, size) => sum + (size ?? 0), 0) <= SMALL;
  };
  return {
    read: async (blob) => ((await areSmall([blob])) ? readLayer(blob) : workers.run(blob)),
    readAlike: async (blobs) =>
      (await areSmall(blobs)) ? readAlike(blobs) : workers.run(blobs, 'readAlike'),
    diffIdOf: async (blob) => ((await areSmall([blob])) ? diffIdOf(blob) : workers.run(blob, 'diffIdOf')),
    close: () => workers.close(),
  };
}
