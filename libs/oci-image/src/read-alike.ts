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
      // Of a disk that fails: `readLayer` reports it, for the layer that has it.
    }
  }
  giveBack(own);
  giveBack(others);
}

/** Reads what was not yet read of a layer, and of each other layer as long as it goes on with the same member. */
function readThrough(
  layer: LayerMembers,
  layers: readonly LayerMembers[],
  own: Buffer,
  others: Buffer,
): void {
  if (layer.next === null) return;
  const bytes = layer.readInto(own);
  for (let at = layer.next; at !== null; at = layer.next) {
    const member = memberAt(bytes, at);
    const part = member && layerPart(member.content);
    if (member === null || part === null) return;
    const compressed = bytes.subarray(at, at + member.length);
    const alike = layers.filter((one) => one !== layer && one.hasNext(compressed, others));
    takeAll([layer, ...alike], part, member);
  }
}

function takeAll(layers: readonly LayerMembers[], part: LayerPart, member: GzipMember): void {
  for (const layer of layers) layer.take(part, member.length);
  giveBack(member.content);
}

/** Null for one that is damaged too. */
function memberAt(bytes: Uint8Array, at: number): GzipMember | null {
  try {
    return gzipMemberAt(bytes, at);
  } catch {
    return null;
  }
}
