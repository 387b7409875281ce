import { COMPRESSORS } from '@qemu-user-static/compression';
import { memoKey, recall, remember } from '@qemu-user-static/files';
import { LAYERS_VERSION } from '@qemu-user-static/lock';
import { blobSize, type Layer, type Layout } from '@qemu-user-static/oci-image';
import type { LayerCache } from './layer-cache.ts';

/** Layers that a run makes once. */
export interface KeptLayers<T> {
  readonly name: string;
  /** All that they depend on, except the compressors and how layers are packed. */
  readonly inputs: unknown;
  layersOf(made: T): readonly Layer[];
  make(): Promise<T>;
  /** Called where those of an earlier run are taken. */
  onReuse?(): void;
}

/** Makes layers, or finds those of an earlier run in the layout, or in the user's cache. */
export async function keepLayers<T>(
  { layout, cache }: { readonly layout: Layout; readonly cache: LayerCache },
  kept: KeptLayers<T>,
): Promise<T> {
  const key = memoKey([LAYERS_VERSION, COMPRESSORS, kept.inputs]);
  const earlier = await recall<T>(layout, kept.name, key);
  if (earlier !== null && (await areWhole(layout, kept.layersOf(earlier)))) {
    kept.onReuse?.();
    return earlier;
  }
  const cached = await cache.take<T>(key, layout);
  if (cached !== null) kept.onReuse?.();
  const made = cached ?? (await kept.make());
  await remember(layout, kept.name, key, made);
  if (cached === null) await cache.keep(key, made, kept.layersOf(made), layout);
  return made;
}

/** Whether the blobs of an earlier run still exist; those that do were hashed before the build began. */
async function areWhole(layout: Layout, layers: readonly Layer[]): Promise<boolean> {
  const sizes = await Promise.all(layers.map(({ digest }) => blobSize(layout, digest)));
  return layers.every(({ size }, index) => sizes[index] === size);
}
