import { createReadStream } from 'node:fs';
import type { Readable } from 'node:stream';
import { ReadableStream } from 'node:stream/web';
import { createGunzip } from 'node:zlib';
import { type Compression, zstdFrames } from '@qemu-user-static/compression';
import { createTarDecoder, type ParsedTarEntry } from 'modern-tar';
import { type Digest, runningDigest } from './digest.ts';
import { blobPath, type Layout } from './layout.ts';

/** A layer's contents as someone who unpacks it finds them. */
export interface ReadLayer {
  /** Of what the blob decompresses to. */
  readonly diffId: Digest;
  readonly entries: readonly ReadEntry[];
}

export interface ReadEntry {
  readonly path: string;
  readonly type: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
}

/** A blob to read. */
export interface LayerBlob {
  readonly layout: Layout;
  readonly digest: Digest;
  readonly compression: Compression;
}

/** Bytes handed on at a time. */
const CHUNK = 1 << 18;

const DECOMPRESS: Record<Compression, (source: Readable) => AsyncIterable<Uint8Array>> = {
  gzip: (source) => {
    const raw = source.pipe(createGunzip({ chunkSize: CHUNK }));
    source.on('error', (error) => raw.destroy(error));
    return raw;
  },
  zstd: zstdFrames,
};

/**
 * Reads a layer back with nothing of the code that wrote it: another decompressor, another tar reader.
 * @throws Error if the blob is no whole archive in that compression
 */
export async function readLayer(blob: LayerBlob): Promise<ReadLayer> {
  const diff = runningDigest();
  const entries: ReadEntry[] = [];
  for await (const { header, body } of unpack(blob, (chunk) => diff.update(chunk))) {
    const { name, type = 'file', mode = 0, uid = 0, gid = 0, size } = header;
    entries.push({ path: pathOf(name), type, mode, uid, gid, size });
    await skip(body);
  }
  return { diffId: diff.end(), entries };
}

/** The files of a layer that `wanted` picks, one at a time. */
export async function* readFiles(
  blob: LayerBlob,
  wanted: (path: string) => boolean,
): AsyncGenerator<{ path: string; content: Uint8Array }> {
  for await (const { header, body } of unpack(blob, () => undefined)) {
    const path = pathOf(header.name);
    if (wanted(path)) yield { path, content: new Uint8Array(await new Response(body).arrayBuffer()) };
    else await skip(body);
  }
}

function unpack(
  { layout, digest, compression }: LayerBlob,
  onBytes: (chunk: Uint8Array) => void,
): AsyncIterable<ParsedTarEntry> {
  const source = createReadStream(blobPath(layout, digest), { highWaterMark: CHUNK });
  const shown = async function* () {
    for await (const chunk of DECOMPRESS[compression](source)) {
      onBytes(chunk);
      yield chunk;
    }
  };
  const tar = ReadableStream.from(shown()).pipeThrough(createTarDecoder({ strict: true }));
  return tar as unknown as AsyncIterable<ParsedTarEntry>;
}

function pathOf(name: string): string {
  return name.replace(/\/$/, '');
}

/** Read, not cancelled: the decoder looks ahead, and a cancelled body takes that of the next entry with it. */
async function skip(body: ReadableStream<Uint8Array>): Promise<void> {
  for await (const _ of body as unknown as AsyncIterable<Uint8Array>);
}
