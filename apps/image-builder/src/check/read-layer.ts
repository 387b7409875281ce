import { createReadStream } from 'node:fs';
import { Readable, type Transform } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import {
  blobPath,
  type Compression,
  type Digest,
  type Layout,
  runningDigest,
} from '@qemu-user-static/oci-image';
import { createTarDecoder, type ParsedTarEntry } from 'modern-tar';

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

/** Bytes handed on at a time. */
const CHUNK = 1 << 18;

const DECOMPRESS: Record<Compression, () => Transform> = {
  gzip: () => createGunzip({ chunkSize: CHUNK }),
  zstd: () => createZstdDecompress({ chunkSize: CHUNK }),
};

/**
 * Reads a layer back with nothing of the code that wrote it: another decompressor run, another tar reader.
 * @param onFile is given the content of the files that `wanted` picks
 * @throws Error if the blob is no whole archive in that compression
 */
export async function readLayer(
  layout: Layout,
  digest: Digest,
  compression: Compression,
  wanted: (path: string) => boolean,
  onFile: (path: string, content: Uint8Array) => Promise<void>,
): Promise<ReadLayer> {
  const diff = runningDigest();
  const source = createReadStream(blobPath(layout, digest), { highWaterMark: CHUNK });
  const unpacked = source.pipe(DECOMPRESS[compression]());
  source.on('error', (error) => unpacked.destroy(error));
  const hashed = async function* () {
    for await (const chunk of unpacked as AsyncIterable<Uint8Array>) {
      diff.update(chunk);
      yield chunk;
    }
  };
  const entries: ReadEntry[] = [];
  const decoder = createTarDecoder({ strict: true });
  const tar = (Readable.toWeb(Readable.from(hashed())) as ReadableStream<Uint8Array>).pipeThrough(decoder);
  for await (const entry of tar as unknown as AsyncIterable<ParsedTarEntry>) {
    const { name, type = 'file', mode = 0, uid = 0, gid = 0, size } = entry.header;
    const path = name.replace(/\/$/, '');
    entries.push({ path, type, mode, uid, gid, size });
    if (wanted(path)) await onFile(path, new Uint8Array(await new Response(entry.body).arrayBuffer()));
    // Read, not cancelled: the decoder looks ahead, and a cancelled body takes that of the next entry with it.
    else for await (const _ of entry.body as unknown as AsyncIterable<Uint8Array>);
  }
  return { diffId: diff.end(), entries };
}
