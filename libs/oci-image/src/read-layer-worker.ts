import type { Digest } from './digest.ts';
import { readAlike as readAllAlike } from './read-alike.ts';
import { type LayerBlob, type ReadLayer, diffIdOf as readDiffId, readLayer } from './read-layer.ts';

// Workers of `openLayerReader`.

/** A layer in, its contents out. */
export default function read(blob: LayerBlob): Promise<ReadLayer> {
  return readLayer(blob);
}

export function readAlike(blobs: readonly LayerBlob[]): Promise<(ReadLayer | null)[]> {
  return readAllAlike(blobs);
}

export function diffIdOf(blob: LayerBlob): Promise<Digest> {
  return readDiffId(blob);
}
