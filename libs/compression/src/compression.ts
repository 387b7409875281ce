import { promisify } from 'node:util';
import { constants, createZstdCompress, type ZstdCompress, zstdCompress } from 'node:zlib';
import manifest from '../package.json' with { type: 'json' };

export const COMPRESSIONS = ['gzip', 'zstd'] as const;
export type Compression = (typeof COMPRESSIONS)[number];

/** The versions that compressed bytes depend on, apart from their contents. */
export const COMPRESSORS: Readonly<Record<Compression, string>> = {
  gzip: `libdeflate.js ${manifest.dependencies.libdeflate}`,
  zstd: `zstd ${process.versions.zstd}`,
};

/** 64 MiB: four emulators. */
const WINDOW_LOG = 26;

/**
 * Settings for a frame over all emulators of a host. They are near copies of each other, so what pays is a window and
 * tables that span several of them; a level's preset would be slower and larger. With lazy2 and a window this large,
 * zstd searches rows of 2^searchLog places and has no chains: larger tables, more places or another minMatch gain less
 * than 0.1 %. A window of 128 MiB gains 1.3 %, and then leaves too little for ROOM.
 */
const ZSTD_PARAMS = {
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

/**
 * A compressor of `size` bytes in all to one frame, after an empty one. The size is given beforehand, so that the frame
 * carries it. Wait for each write before the next and before the end: a last write that is still waiting when
 * the stream ends is compressed in one go, to other bytes; else these do not depend on how the content is cut.
 * Takes about 150 MB of memory when large.
 */
export function zstdFrame(size: number): ZstdCompress {
  // A constant first: @types/node does not know pledgedSrcSize yet.
  const options = { params: ZSTD_PARAMS, pledgedSrcSize: size };
  const frame = createZstdCompress(options);
  frame.push(ROOM);
  return frame;
}

const compress = promisify(zstdCompress);

/** A few megabytes as one frame, as small as zstd makes them in a second; level 19 gains nothing more. */
export function zstdSmall(bytes: Uint8Array): Promise<Uint8Array> {
  return compress(bytes, { params: { [constants.ZSTD_c_compressionLevel]: 18 } });
}
