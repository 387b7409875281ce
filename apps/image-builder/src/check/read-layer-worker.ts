import { type LayerBlob, type ReadLayer, readLayer } from './read-layer.ts';

/** A worker of `check`: a layer in, what is inside out. Reading is work for the CPU, so each core has one. */
export default function read(blob: LayerBlob): Promise<ReadLayer> {
  return readLayer(blob);
}
