import { COMPRESSIONS } from '@qemu-user-static/compression';
import {
  type Digest,
  type FoundImage,
  findBadBlobs,
  type LayerBlob,
  type LayerReader,
  type Layout,
  openLayerReader,
  type ReadLayer,
} from '@qemu-user-static/oci-image';
import { platformName } from '../images/platforms.ts';
import type { OnEvent } from '../report/events.ts';
import type { Findings } from './findings.ts';
import { assertNone, failed } from './problems.ts';

export type Layers = Readonly<Record<Digest, ReadLayer>>;

export interface ReadingContext {
  readonly earlier: Findings;
  /** Blobs whose every byte was hashed a moment ago, in the same run. */
  readonly hashed: ReadonlySet<Digest>;
  readonly onEvent: OnEvent;
}

/** A layer that no earlier check has read. */
interface Unread extends LayerBlob {
  readonly size: number;
  /** The platform of its images. */
  readonly platform: string;
}

/**
 * Hashes the layers of images, and reads back those that no earlier check has read.
 * @throws BuilderError CHECK_FAILED
 */
export async function readLayers(
  layout: Layout,
  images: readonly FoundImage[],
  { earlier, hashed, onEvent }: ReadingContext,
): Promise<Layers> {
  const unique = new Map<Digest, Unread>();
  for (const { config, layers } of images) {
    const platform = platformName(config);
    for (const layer of layers) unique.set(layer.digest, { layout, platform, ...layer });
  }
  const unhashed = [...unique.values()].filter(({ digest }) => !hashed.has(digest));
  const bad = await findBadBlobs(layout, unhashed);
  assertNone(bad.map(({ digest, problem }) => `blob ${digest}: ${problem}`));

  const layers: Record<Digest, ReadLayer> = {};
  const unread: Unread[] = [];
  for (const blob of unique.values()) {
    const known = earlier.layers[blob.digest];
    if (known === undefined) unread.push(blob);
    else layers[blob.digest] = known;
  }
  if (unread.length === 0) return layers;
  const bytes = unread.reduce((sum, { size }) => sum + size, 0);
  onEvent({ type: 'expected', unit: 'layers', count: unread.length, bytes });
  const reader = openLayerReader();
  try {
    await readUnread(unread, layers, reader, ({ digest, size }, layer) => {
      layers[digest] = layer;
      onEvent({ type: 'layer-checked', digest, size });
    });
  } finally {
    await reader.close();
  }
  return layers;
}

/**
 * Layers of a platform in gzip have members in common, and are read together. Layers that decompress to the same bytes have the
 * same entries: of zstd's, what they decompress to is hashed, and mostly a layer in gzip has the same hash.
 *
 * @param done called with each layer that was read
 * @throws BuilderError CHECK_FAILED
 */
async function readUnread(
  unread: readonly Unread[],
  earlier: Layers,
  reader: LayerReader,
  done: (blob: Unread, layer: ReadLayer) => void,
): Promise<void> {
  const known = new Map(Object.values(earlier).map((layer) => [layer.diffId, layer]));
  const read = async (blob: Unread, found: ReadLayer | null | undefined) => {
    const layer = found ?? (await naming(blob, reader.read(blob)));
    known.set(layer.diffId, layer);
    done(blob, layer);
  };
  const [gzip = [], zstd = []] = COMPRESSIONS.map((name) =>
    unread.filter(({ compression }) => compression === name),
  );
  const together = Object.values(Object.groupBy(gzip, ({ platform }) => platform)).map(async (blobs = []) => {
    const layers = await reader.readAlike(blobs);
    await Promise.all(blobs.map((blob, index) => read(blob, layers[index])));
  });
  const hashed = zstd.map(async (blob) => [blob, await naming(blob, reader.diffIdOf(blob))] as const);
  const [diffIds] = await Promise.all([Promise.all(hashed), Promise.all(together)]);
  await Promise.all(diffIds.map(([blob, diffId]) => read(blob, known.get(diffId))));
}

/** @throws BuilderError CHECK_FAILED */
async function naming<T>({ digest }: Unread, work: Promise<T>): Promise<T> {
  return work.catch((cause: Error) => {
    throw failed([`layer ${digest}: ${cause.message}`], cause);
  });
}
