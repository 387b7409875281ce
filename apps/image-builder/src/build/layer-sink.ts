import type { Compression, ZstdFrames } from '@qemu-user-static/compression';
import { createBlob, type Digest, type Layout } from '@qemu-user-static/oci-image';
import type { LayerOutput } from './small-layer.ts';

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
export function openSink(
  compression: Compression,
  size: number,
  { layout, zstd }: Pick<LayerOutput, 'layout' | 'zstd'>,
): Promise<Sink> {
  return compression === 'gzip' ? gzipSink(layout) : zstdSink(layout, size, zstd);
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

async function zstdSink(layout: Layout, size: number, zstd: ZstdFrames): Promise<Sink> {
  const blob = await createBlob(layout);
  const content = zstd.content(size);
  let at = 0;
  return {
    compression: 'zstd',
    async add({ raw }) {
      content.set(raw, at);
      at += raw.length;
    },
    async end() {
      for (const part of await zstd.frame()) await blob.write(part);
      return blob.commit();
    },
    abort: () => blob.abort(),
  };
}
