import { availableParallelism } from 'node:os';
import { Tinypool } from 'tinypool';
import type { LayerBlob, ReadLayer } from './read-layer.ts';

/** Reads layers on all cores. */
export interface LayerReader {
  /** @throws Error if the blob is not a whole archive in its compression */
  read(blob: LayerBlob): Promise<ReadLayer>;
  close(): Promise<void>;
}

export function openLayerReader(): LayerReader {
  const cores = availableParallelism();
  const filename = new URL('./read-layer-worker.ts', import.meta.url).href;
  const workers = new Tinypool({ filename, minThreads: cores, maxThreads: cores });
  return { read: (blob) => workers.run(blob), close: () => workers.destroy() };
}
