import { type LayerBlob, type ReadLayer, readLayer } from './read-layer.ts';

/** A worker of `openLayerReader`: a layer in, its contents out. */
export default function read(blob: LayerBlob): Promise<ReadLayer> {
  return readLayer(blob);
}
