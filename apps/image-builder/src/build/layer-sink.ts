import { type Compression, zstdFrame } from '@qemu-user-static/compression';
import { type BlobWriter, createBlob, type Digest, type Layout } from '@qemu-user-static/oci-image';

/** A tar entry (or the archive's end), and the gzip member that holds it. */
export interface JoinedEntry {
  readonly raw: Uint8Array;
  readonly member: Uint8Array;
}

/** Where the entries of a layer go; each compression takes what it needs of them. */
export interface Sink {
  readonly compression: Compression;
  add(entry: JoinedEntry): Promise<void>;
  end(): Promise<{ digest: Digest; size: number }>;
  abort(): Promise<void>;
}

/** @param size of all entries, in bytes */
export function openSink(compression: Compression, layout: Layout, size: number): Promise<Sink> {
  return compression === 'gzip' ? gzipSink(layout) : zstdSink(layout, size);
}

async function gzipSink(layout: Layout): Promise<Sink> {
  const blob = await createBlob(layout);
  return {
    compression: 'gzip',
    add: ({ member }) => blob.write(member),
    end: () => blob.commit(),
    abort: () => blob.abort(),
  };
}

async function zstdSink(layout: Layout, size: number): Promise<Sink> {
  const blob = await createBlob(layout);
  const frame = zstdFrame(size);
  const written = drain(frame, blob);
  // A failure shows when an entry is added, or at the end; until then it must not count as unhandled.
  written.catch(() => undefined);
  const write = (raw: Uint8Array) =>
    new Promise<void>((done, failed) => frame.write(raw, (error) => (error ? failed(error) : done())));
  return {
    compression: 'zstd',
    async add({ raw }) {
      try {
        await write(raw);
      } catch (error) {
        // A full disk ends the stream too: what it says of itself then is not the cause.
        await written;
        throw error;
      }
    },
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
