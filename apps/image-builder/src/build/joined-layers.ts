import { open } from 'node:fs/promises';
import { type GzipPool, giveBack, gzipMemberAt } from '@qemu-user-static/compression';
import {
  blobPath,
  END_OF_ARCHIVE,
  type Layer,
  type Layout,
  runningDigest,
  tarEntry,
  tarEntryLength,
} from '@qemu-user-static/oci-image';
import type { LayerPlan } from '../images/layer-plan.ts';
import type { EmulatorLayer } from './emulator-layer.ts';
import { type JoinedEntry, openSink } from './layer-sink.ts';
import { likenessRank } from './likeness.ts';
import type { LayerOutput } from './small-layer.ts';

/** What is joined. */
export interface Joining {
  readonly plan: LayerPlan;
  /** The emulator that fills a path of the context. */
  readonly sourceOf: ReadonlyMap<string, EmulatorLayer>;
  /** Seconds since 1970. */
  readonly mtime: number;
}

/**
 * Writes the layers over all emulators from those of one: the gzip one joins their members as they are; the
 * zstd one is a frame over their contents.
 */
export async function writeJoinedLayers(joining: Joining, output: LayerOutput): Promise<Layer[]> {
  const { layout, compressions, gzip } = output;
  const diff = runningDigest();
  const size = tarLength(joining);
  const sinks = await Promise.all(compressions.map((compression) => openSink(compression, size, output)));
  try {
    for await (const entry of oneAhead(joinedEntries(joining, layout, gzip))) {
      diff.update(entry.raw);
      await Promise.all(sinks.map((sink) => sink.add(entry)));
      giveBack(entry.raw);
      giveBack(entry.member);
    }
    const diffId = diff.end();
    const { createdBy } = joining.plan;
    return await Promise.all(
      sinks.map(async ({ compression, end }) => ({ compression, ...(await end()), diffId, createdBy })),
    );
  } catch (error) {
    await Promise.all(sinks.map((sink) => sink.abort()));
    throw error;
  }
}

async function* joinedEntries(
  { plan, sourceOf, mtime }: Joining,
  layout: Layout,
  gzip: GzipPool,
): AsyncGenerator<JoinedEntry> {
  const compressed = async (parts: readonly Uint8Array[]) => ({
    raw: Buffer.concat(parts),
    member: await gzip.member(parts),
  });
  const found = plan.entries.map((entry) => ({
    entry,
    emulator: sourceOf.get(entry.source ?? ''),
  }));
  // Folders keep their place before all that is in them.
  const rank = (emulator: EmulatorLayer | undefined) =>
    emulator === undefined ? -1 : likenessRank(emulator.guest);
  found.sort((a, b) => rank(a.emulator) - rank(b.emulator));
  for (const { entry, emulator } of found) {
    if (emulator === undefined) yield compressed(tarEntry({ ...entry, size: 0 }, new Uint8Array(), mtime));
    else {
      const member = await readMember(layout, emulator);
      yield { raw: contentOf(member, emulator), member };
    }
  }
  yield compressed([END_OF_ARCHIVE]);
}

/**
 * At once, and not with zlib's streams: they would leave as much memory again to the garbage collector.
 * @throws RangeError where the blob is not the one that was written
 */
function contentOf(member: Uint8Array, { guest, size }: EmulatorLayer): Uint8Array {
  const content = gzipMemberAt(member, 0)?.content;
  if (content?.length !== tarEntryLength(size))
    throw new RangeError(`the layer of ${guest} has another size`);
  return content;
}

/** Makes the next item while the one before is in use. */
async function* oneAhead<T>(source: AsyncGenerator<T>): AsyncGenerator<T> {
  for (let next = source.next(); ; ) {
    const { done, value } = await next;
    if (done) return;
    next = source.next();
    // A failure shows when its turn comes; until then it must not count as unhandled.
    next.catch(() => undefined);
    yield value;
  }
}

function tarLength({ plan, sourceOf }: Joining): number {
  const sizes = plan.entries.map(({ source }) => sourceOf.get(source ?? '')?.size ?? 0);
  return sizes.reduce((sum, size) => sum + tarEntryLength(size), END_OF_ARCHIVE.length);
}

async function readMember(layout: Layout, { layer, member }: EmulatorLayer): Promise<Uint8Array> {
  const file = await open(blobPath(layout, layer.digest));
  try {
    const bytes = Buffer.allocUnsafeSlow(member.length);
    await file.read(bytes, 0, member.length, member.offset);
    return bytes;
  } finally {
    await file.close();
  }
}
