import { constants } from 'node:zlib';
import { Tinypool } from 'tinypool';

/** 64 MiB: four emulators. */
const WINDOW_LOG = 26;

/**
 * Settings for a frame over all emulators of a host. They are near copies of each other, so what pays is a window and
 * tables that span several of them; a level's preset would be slower and larger. With lazy2 and a window this large,
 * zstd searches rows of 2^searchLog places and has no chains: larger tables, more places or another minMatch gain less
 * than 0.1 %. A window of 128 MiB gains 1.3 %, and then there is no room for ROOM.
 */
export const ZSTD_PARAMS = {
  [constants.ZSTD_c_compressionLevel]: 12,
  [constants.ZSTD_c_windowLog]: WINDOW_LOG,
  [constants.ZSTD_c_hashLog]: 24,
  [constants.ZSTD_c_searchLog]: 5,
  [constants.ZSTD_c_minMatch]: 5,
  [constants.ZSTD_c_strategy]: constants.ZSTD_lazy2,
};

/**
 * An empty frame with a window of 128 MiB: the magic number, a header with the window and the content's size, 0, and a raw
 * block of 0 bytes that is the last (RFC 8878, 3.1.1). It halves the time in which Docker, containerd and Podman unpack
 * what follows.
 *
 * Their decoder (github.com/klauspost/compress/zstd, as in Docker 26.1) keeps a buffer of one window and 1 MiB, and moves
 * the whole window to its front each time it is full: after each MiB. But it keeps the buffer from frame to frame, and
 * in one that has room for two windows it moves a window after each window. 128 MiB is the most that decoders
 * take by default (ZSTD_WINDOWLOG_LIMIT_DEFAULT of zstd.h), so the frame that matters has half of that.
 */
const ROOM = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x80, (WINDOW_LOG + 1 - 10) << 3, 0, 0, 0, 0, 1, 0, 0]);

/** Makes frames of contents that are in memory as a whole: zstd then finds more in less time than in parts of them. */
export interface ZstdFrames {
  /** Memory for the next content, which is to be filled. The next call gives the same memory. @param size in bytes */
  content(size: number): Uint8Array;
  /** That content as one frame, after an empty one. */
  frame(): Promise<Uint8Array[]>;
  close(): Promise<void>;
}

/** What a worker is given: the first `length` bytes of memory that it shares with us. */
export interface ZstdTask {
  readonly shared: SharedArrayBuffer;
  readonly length: number;
}

/**
 * Bytes of addresses for contents, of which only what is used takes memory. Memory of another place for a larger content
 * would stand beside the one before until both threads' garbage collectors have seen it.
 */
const RESERVED = 1 << 30;

/** Takes as much memory as the largest content has, and 100 MB. */
export function openZstd(): ZstdFrames {
  let shared = new SharedArrayBuffer(0);
  let length = 0;
  let worker: Tinypool | null = null;
  return {
    content(size) {
      if (shared.maxByteLength < size)
        shared = new SharedArrayBuffer(size, { maxByteLength: Math.max(size, RESERVED) });
      else if (shared.byteLength < size) shared.grow(size);
      length = size;
      return new Uint8Array(shared, 0, size);
    },
    async frame() {
      const filename = new URL('./zstd-worker.ts', import.meta.url).href;
      worker ??= new Tinypool({ filename, minThreads: 1, maxThreads: 1 });
      return [ROOM, await worker.run({ shared, length } satisfies ZstdTask)];
    },
    close: async () => worker?.destroy(),
  };
}
