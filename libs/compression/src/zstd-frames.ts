import { finished } from 'node:stream/promises';
import { createZstdDecompress, type ZstdDecompress } from 'node:zlib';

/**
 * The decompressed contents of a file of zstd frames, in a row (RFC 8878, 3.1). Node's own decoder ends with the
 * first.
 *
 * @throws Error for data that is not a frame, or is cut short
 */
export async function* zstdFrames(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let decoder = openDecoder();
  try {
    for await (const chunk of source) {
      for (let at = 0; at < chunk.length; ) {
        const offered = chunk.subarray(at, at + SLICE);
        const taken = await decoder.write(offered);
        yield* decoder.read();
        at += taken;
        if (taken === offered.length) continue;
        // The rest that a decoder leaves is behind its frame. A decoder that ends with the slice continues with the next one.
        decoder.close();
        decoder = openDecoder();
      }
    }
    await decoder.end();
    yield* decoder.read();
  } finally {
    decoder.close();
  }
}

interface Decoder {
  /** How many of the bytes were used. */
  write(bytes: Uint8Array): Promise<number>;
  /** The output since the last call. */
  read(): Uint8Array[];
  end(): Promise<void>;
  close(): void;
}

/** Bytes handed on at a time. */
const CHUNK = 1 << 18;
/** Bytes given at a time: all that they decompress to lies in memory. */
const SLICE = 1 << 14;

function openDecoder(): Decoder {
  const zstd: ZstdDecompress = createZstdDecompress({ chunkSize: CHUNK });
  let out: Uint8Array[] = [];
  zstd.on('data', (bytes: Uint8Array) => out.push(bytes));
  const over = finished(zstd);
  // A failure shows at the write or the end that meets it; until then it must not count as unhandled.
  over.catch(() => undefined);
  return {
    async write(bytes) {
      const before = zstd.bytesWritten;
      const written = new Promise<void>((done, failed) =>
        zstd.write(bytes, (error) => (error ? failed(error) : done())),
      );
      // Node answers no write that fails.
      await Promise.race([written, over]);
      const taken = zstd.bytesWritten - before;
      if (taken === 0) throw new Error('nothing of the data could be read');
      return taken;
    },
    read() {
      const read = out;
      out = [];
      return read;
    },
    async end() {
      zstd.end();
      await over;
    },
    close: () => void zstd.destroy(),
  };
}
