import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { ReadableStream } from 'node:stream/web';
import { createGunzip } from 'node:zlib';
import { type Compression, zstdFrames } from '@qemu-user-static/compression';
import { createTarDecoder, type ParsedTarEntry } from 'modern-tar';
import { type Layout, openBlob } from './blob-file.ts';
import { type Digest, runningDigest } from './digest.ts';

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
  /** Of a link: where it leads. Empty otherwise. */
  readonly linkname: string;
  /** Of the content: 64 lower-case hex digits. */
  readonly sha256: string;
  /** Whether it has attributes beyond those of a ustar header, such as file capabilities. */
  readonly extended: boolean;
}

/** A blob to read. */
export interface LayerBlob {
  readonly layout: Layout;
  readonly digest: Digest;
  readonly compression: Compression;
}

/** Bytes handed on at a time. */
const CHUNK = 1 << 18;

const DECOMPRESS: Record<Compression, (source: Readable, size: number) => AsyncIterable<Uint8Array>> = {
  gzip: gunzip,
  zstd: zstdFrames,
};

/** @throws Error also for zeros behind the last member, which zlib skips and other decoders refuse */
async function* gunzip(source: Readable, size: number): AsyncGenerator<Uint8Array> {
  const raw = source.pipe(createGunzip({ chunkSize: CHUNK }));
  source.on('error', (error) => raw.destroy(error));
  yield* raw;
  if (raw.bytesWritten !== size) throw new Error(`${size - raw.bytesWritten} bytes follow its end`);
}

/**
 * Reads a layer back with nothing of the code that wrote it: another decompressor, another tar reader.
 * @throws Error if the blob is not a whole archive in that compression
 */
export async function readLayer(blob: LayerBlob): Promise<ReadLayer> {
  const diff = runningDigest();
  const entries: ReadEntry[] = [];
  for await (const { header, body } of unpack(blob, (chunk) => diff.update(chunk))) {
    const { name, type = 'file', mode = 0, uid = 0, gid = 0, size, linkname = '', pax } = header;
    const sha256 = createHash('sha256');
    for await (const chunk of body as unknown as AsyncIterable<Uint8Array>) sha256.update(chunk);
    entries.push({
      path: pathOf(name),
      type,
      mode,
      uid,
      gid,
      size,
      linkname,
      sha256: sha256.digest('hex'),
      extended: pax !== undefined,
    });
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

async function* unpack(
  { layout, digest, compression }: LayerBlob,
  onBytes: (chunk: Uint8Array) => void,
): AsyncGenerator<ParsedTarEntry> {
  const file = await openBlob(layout, digest);
  const { size } = await file.stat();
  const source = file.createReadStream({ highWaterMark: CHUNK });
  const shown = async function* () {
    for await (const chunk of DECOMPRESS[compression](source, size)) {
      onBytes(chunk);
      yield chunk;
    }
  };
  const tar = ReadableStream.from(shown()).pipeThrough(createTarDecoder({ strict: true }));
  try {
    yield* tar as unknown as AsyncIterable<ParsedTarEntry>;
  } finally {
    source.destroy();
  }
}

function pathOf(name: string): string {
  return name.replace(/\/$/, '');
}

/** Read, not cancelled: the decoder looks ahead, and a cancelled body takes that of the next entry with it. */
async function skip(body: ReadableStream<Uint8Array>): Promise<void> {
  for await (const _ of body as unknown as AsyncIterable<Uint8Array>);
}
