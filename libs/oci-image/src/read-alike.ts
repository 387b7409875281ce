import { type GzipMember, giveBack, gzipMemberAt } from '@qemu-user-static/compression';
import { LayerMembers, type LayerPart, layerPart } from './layer-members.ts';
import type { LayerBlob, ReadLayer } from './read-layer.ts';

/**
 * Reads gzip layers that have members in common, and decompresses each of these once: layers of several emulators are made of
 * the members of layers of one. Nothing is taken for granted: a member counts as one that was read where all its bytes are
 * the same.
 *
 * @returns the contents of each, as `readLayer` has them; null for a layer that only `readLayer` can judge, since it
 *   is damaged, or its members are not whole entries of an archive
 */
export async function readAlike(blobs: readonly LayerBlob[]): Promise<(ReadLayer | null)[]> {
  const opened = await Promise.all(blobs.map((blob) => LayerMembers.open(blob).catch(() => null)));
  const layers = opened.filter((layer) => layer !== null);
  try {
    // The largest has most of the members of all.
    layers.sort((a, b) => b.size - a.size);
    readMembers(layers);
    return opened.map((layer) => layer?.end() ?? null);
  } finally {
    await Promise.all(layers.map((layer) => layer.close()));
  }
}

function readMembers(layers: readonly LayerMembers[]): void {
  const [largest] = layers;
  if (largest === undefined) return;
  const [own, others] = [Buffer.allocUnsafeSlow(largest.size), Buffer.allocUnsafeSlow(largest.size)];
  for (const layer of layers) {
    try {
      readThrough(layer, layers, own, others);
    } catch {
      // It is damaged, or the disk fails: `readLayer` reports it, for the layer that has it.
    }
  }
  giveBack(own);
  giveBack(others);
}

/**
 * Reads what was not yet read of a layer, and of each other layer as long as it goes on with the same member.
 * @throws Error for a layer that only `readLayer` can judge
 */
function readThrough(
  layer: LayerMembers,
  layers: readonly LayerMembers[],
  own: Buffer,
  others: Buffer,
): void {
  if (layer.next === null) return;
  const bytes = layer.readInto(own);
  for (let at = layer.next; at !== null; at = layer.next) {
    const member = gzipMemberAt(bytes, at);
    if (member === null) return;
    const part = layerPart(member.content);
    const compressed = bytes.subarray(at, at + member.length);
    const alike = layers.filter((one) => one !== layer && one.hasNext(compressed, others));
    takeAll([layer, ...alike], part, member);
  }
}

function takeAll(layers: readonly LayerMembers[], part: LayerPart, member: GzipMember): void {
  for (const layer of layers) layer.take(part, member.length);
  giveBack(member.content);
}
