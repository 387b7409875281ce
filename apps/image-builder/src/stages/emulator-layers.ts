import { open } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import type { GuestName } from '@qemu-user-static/arch-table';
import {
  type BlobWriter,
  blobPath,
  type Compression,
  createBlob,
  type Digest,
  END_OF_ARCHIVE,
  type GzipPool,
  type Layer,
  type Layout,
  runningDigest,
  tarEntry,
  tarEntryLength,
  zstdFrame,
} from '@qemu-user-static/oci-image';
import type { LimitFunction } from 'p-limit';
import type { LayerPlan, PlannedEntry } from '../recipe/plan.ts';

const gunzipAsync = promisify(gunzip);

/** One emulator, and the layer that holds it alone. */
export interface EmulatorLayer {
  readonly guest: GuestName;
  /** Of the program, in bytes. */
  readonly size: number;
  readonly layer: Layer;
  /** Where in the layer's blob the gzip member of the emulator's tar entry lies, in bytes. */
  readonly member: { readonly offset: number; readonly length: number };
}

/** What compresses: gzip on all cores, zstd one frame at a time, as one takes 700 MB of memory. */
export interface Compressors {
  readonly gzip: GzipPool;
  readonly zstd: LimitFunction;
}

/** Writes the layer of one emulator: folders, the emulator, the end; each a gzip member of its own. */
export async function writeEmulatorLayer(
  layout: Layout,
  plan: LayerPlan,
  guest: GuestName,
  program: Uint8Array,
  mtime: number,
  compressors: Compressors,
): Promise<EmulatorLayer> {
  const diff = runningDigest();
  const blob = await createBlob(layout);
  try {
    const members: Uint8Array[] = [];
    let member = { offset: 0, length: 0 };
    let offset = 0;
    for (const entry of plan.entries) {
      const raw = rawEntry(entry, entry.source === null ? EMPTY : program, mtime);
      diff.update(raw);
      const compressed = await compressors.gzip.member(raw);
      if (entry.source !== null) member = { offset, length: compressed.length };
      offset += compressed.length;
      members.push(compressed);
    }
    diff.update(END_OF_ARCHIVE);
    for (const part of [...members, await compressors.gzip.member(END_OF_ARCHIVE)]) await blob.write(part);
    const layer: Layer = {
      compression: 'gzip',
      ...(await blob.commit()),
      diffId: diff.end(),
      createdBy: plan.createdBy,
    };
    return { guest, size: program.length, layer, member };
  } catch (error) {
    await blob.abort();
    throw error;
  }
}

/**
 * Writes the layers over all emulators from those of one: the gzip one joins their members as they are; the
 * zstd one is a solid frame over their contents.
 *
 * @param sourceOf the emulator that fills a path of the context
 */
export async function writeJoinedLayers(
  layout: Layout,
  plan: LayerPlan,
  sourceOf: ReadonlyMap<string, EmulatorLayer>,
  compressions: readonly Compression[],
  mtime: number,
  compressors: Compressors,
): Promise<Layer[]> {
  const write = () => joinLayers(layout, plan, sourceOf, compressions, mtime, compressors.gzip);
  return compressions.includes('zstd') ? compressors.zstd(write) : write();
}

async function joinLayers(
  layout: Layout,
  plan: LayerPlan,
  sourceOf: ReadonlyMap<string, EmulatorLayer>,
  compressions: readonly Compression[],
  mtime: number,
  gzip: GzipPool,
): Promise<Layer[]> {
  const diff = runningDigest();
  const sinks: Record<Compression, () => Promise<Sink>> = {
    gzip: () => gzipSink(layout),
    zstd: () => zstdSink(layout, tarLength(plan, sourceOf)),
  };
  const open = await Promise.all(
    compressions.map(async (compression) => ({ compression, sink: await sinks[compression]() })),
  );
  try {
    for await (const { raw, member } of oneAhead(joinedEntries(layout, plan, sourceOf, mtime, gzip))) {
      diff.update(raw);
      await Promise.all(open.map(({ sink }) => sink.add(raw, member)));
    }
    const diffId = diff.end();
    return await Promise.all(
      open.map(async ({ compression, sink }) => ({
        compression,
        ...(await sink.end()),
        diffId,
        createdBy: plan.createdBy,
      })),
    );
  } catch (error) {
    await Promise.all(open.map(({ sink }) => sink.abort()));
    throw error;
  }
}

/** A tar entry (or the archive's end), and the gzip member that holds it. */
interface JoinedEntry {
  readonly raw: Uint8Array;
  readonly member: Uint8Array;
}

async function* joinedEntries(
  layout: Layout,
  plan: LayerPlan,
  sourceOf: ReadonlyMap<string, EmulatorLayer>,
  mtime: number,
  gzip: GzipPool,
): AsyncGenerator<JoinedEntry> {
  const compressed = async (raw: Uint8Array) => ({ raw, member: await gzip.member(raw) });
  for (const entry of plan.entries) {
    const emulator = entry.source === null ? undefined : sourceOf.get(entry.source);
    if (emulator === undefined) yield compressed(rawEntry(entry, EMPTY, mtime));
    else {
      const member = await readMember(layout, emulator);
      // As one chunk of the known size: many small ones would cost a second a platform.
      yield { raw: await gunzipAsync(member, { chunkSize: tarEntryLength(emulator.size) }), member };
    }
  }
  yield compressed(END_OF_ARCHIVE);
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

/** Where a layer's entries go: each comes raw and as a gzip member, and a sink takes what it needs. */
interface Sink {
  add(raw: Uint8Array, member: Uint8Array): Promise<void>;
  end(): Promise<{ digest: Digest; size: number }>;
  abort(): Promise<void>;
}

async function gzipSink(layout: Layout): Promise<Sink> {
  const blob = await createBlob(layout);
  return { add: (_raw, member) => blob.write(member), end: () => blob.commit(), abort: () => blob.abort() };
}

async function zstdSink(layout: Layout, size: number): Promise<Sink> {
  const blob = await createBlob(layout);
  const frame = zstdFrame(size);
  const written = drain(frame, blob);
  // A failure shows when the sink ends; until then it must not count as unhandled.
  written.catch(() => undefined);
  return {
    add: (raw) =>
      new Promise((done, failed) => frame.write(raw, (error) => (error ? failed(error) : done()))),
    async end() {
      frame.end();
      await written;
      return blob.commit();
    },
    async abort() {
      frame.destroy();
      await blob.abort();
    },
  };
}

async function drain(frame: AsyncIterable<Uint8Array>, blob: BlobWriter): Promise<void> {
  for await (const chunk of frame) await blob.write(chunk);
}

const EMPTY = new Uint8Array();

function rawEntry(
  { path, type, mode, linkname }: PlannedEntry,
  content: Uint8Array,
  mtime: number,
): Uint8Array {
  return tarEntry(
    { path, type, mode, size: content.length, ...(linkname !== undefined && { linkname }) },
    content,
    mtime,
  );
}

function tarLength(plan: LayerPlan, sourceOf: ReadonlyMap<string, EmulatorLayer>): number {
  const sizes = plan.entries.map((entry) =>
    entry.source === null ? 0 : (sourceOf.get(entry.source)?.size ?? 0),
  );
  return sizes.reduce((sum, size) => sum + tarEntryLength(size), END_OF_ARCHIVE.length);
}

async function readMember(layout: Layout, { layer, member }: EmulatorLayer): Promise<Uint8Array> {
  const file = await open(blobPath(layout, layer.digest));
  try {
    const bytes = Buffer.alloc(member.length);
    await file.read(bytes, 0, member.length, member.offset);
    return bytes;
  } finally {
    await file.close();
  }
}
