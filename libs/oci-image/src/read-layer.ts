import { createHash } from 'node:crypto';
import { type Compression, gunzipMembers, zstdFrames } from '@qemu-user-static/compression';
import { type Layout, openBlob } from './blob-file.ts';
import { type Digest, runningDigest } from './digest.ts';
import { type TarHeader, TarReader } from './tar-reader.ts';

/** A layer's contents as someone who unpacks it finds them. */
export interface ReadLayer {
  /** Of what the blob decompresses to. */
  readonly diffId: Digest;
  readonly entries: readonly ReadEntry[];
}

export interface ReadEntry extends TarHeader {
  /** Of the content: 64 lower-case hex digits. */
  readonly sha256: string;
}

/** A blob to read. */
export interface LayerBlob {
  readonly layout: Layout;
  readonly digest: Digest;
  readonly compression: Compression;
}

/** Bytes read at a time. */
const CHUNK = 1 << 20;

/**
 * Reads a layer back with nothing of the code that wrote it: another decompressor, another tar reader.
 * @throws Error if the blob is not a whole archive in that compression
 */
export async function readLayer(blob: LayerBlob): Promise<ReadLayer> {
  const diff = runningDigest();
  const entries: ReadEntry[] = [];
  const tar = entryReader(entries);
  for await (const chunk of unpacked(blob)) {
    diff.update(chunk);
    tar.write(chunk);
  }
  tar.end();
  return { diffId: diff.end(), entries };
}

/** @param entries takes what is read */
export function entryReader(entries: ReadEntry[]): TarReader {
  return new TarReader((header) => {
    const sha256 = createHash('sha256');
    return {
      update: (chunk) => sha256.update(chunk),
      end: () => entries.push({ ...header, sha256: sha256.digest('hex') }),
    };
  });
}

/** The digest of what a layer decompresses to: every byte is read, and not looked at. @throws Error as `readLayer` */
export async function diffIdOf(blob: LayerBlob): Promise<Digest> {
  const diff = runningDigest();
  for await (const chunk of unpacked(blob)) diff.update(chunk);
  return diff.end();
}

/**
 * The files of a layer that `wanted` picks, one at a time.
 * @param memory gives as many bytes as it is asked for, for a content
 */
export async function* readFiles(
  blob: LayerBlob,
  wanted: (path: string) => boolean,
  memory: (size: number) => Uint8Array = (size) => new Uint8Array(size),
): AsyncGenerator<{ path: string; content: Uint8Array }> {
  let found: { path: string; content: Uint8Array }[] = [];
  const tar = new TarReader(({ path, size, type }) => {
    if (type !== 'file' || !wanted(path)) return { update: () => undefined, end: () => undefined };
    const content = memory(size);
    let at = 0;
    return {
      update(chunk) {
        content.set(chunk, at);
        at += chunk.length;
      },
      end: () => found.push({ path, content }),
    };
  });
  for await (const chunk of unpacked(blob)) {
    tar.write(chunk);
    yield* found;
    found = [];
  }
  tar.end();
}

/** A layer's decompressed contents; a chunk is there until the next is asked for. */
async function* unpacked({ layout, digest, compression }: LayerBlob): AsyncGenerator<Uint8Array> {
  const file = await openBlob(layout, digest);
  const { size } = await file.stat();
  const source = file.createReadStream({ highWaterMark: CHUNK });
  if (compression === 'zstd') yield* zstdFrames(source);
  else yield* gunzipMembers(await whole(source, size));
}

async function whole(source: AsyncIterable<Uint8Array>, size: number): Promise<Uint8Array> {
  const bytes = Buffer.allocUnsafeSlow(size);
  let at = 0;
  for await (const chunk of source) {
    if (at + chunk.length > size) throw new Error('it became longer while it was read');
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes.subarray(0, at);
}
