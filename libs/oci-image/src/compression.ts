import { constants, createZstdCompress, type ZstdCompress } from 'node:zlib';

export const COMPRESSIONS = ['gzip', 'zstd'] as const;
export type Compression = (typeof COMPRESSIONS)[number];

/**
 * Settings for a frame over all emulators of a host. They are near copies of each other, so what pays is a
 * window and tables that span several of them; a level's preset would be slower and larger. A window of 128 MiB
 * is the largest that decoders take without being told to (ZSTD_WINDOWLOG_LIMIT_DEFAULT of zstd.h, `zstd -d`).
 * With lazy2 and a window this large, zstd searches rows of 2^searchLog places and has no chains: 32 places instead
 * of 16 take a sixth longer for 0.5 %, and larger tables or another minMatch gain nothing.
 *
 * What it costs: the decoder of Docker, containerd and Podman (github.com/klauspost/compress/zstd) has room for a window
 * and a little more, and moves the whole window each time that is full: 70 % of the CPU time of Docker 26.1 as it pulled
 * all emulators, 483 MB. A window of 64 MiB would halve that, and make the layer 2 % larger.
 */
const ZSTD_PARAMS = {
  [constants.ZSTD_c_compressionLevel]: 12,
  [constants.ZSTD_c_windowLog]: 27,
  [constants.ZSTD_c_hashLog]: 25,
  [constants.ZSTD_c_searchLog]: 4,
  [constants.ZSTD_c_minMatch]: 5,
  [constants.ZSTD_c_strategy]: constants.ZSTD_lazy2,
};

/**
 * A compressor of one frame over `size` bytes in all. The size is told beforehand, so that the frame carries
 * it. Wait for each write before the next and before the end: a last write that is still waiting when the
 * stream ends is compressed in one go, to other bytes; else these do not depend on how the content is cut.
 * Takes about 700 MB of memory when large.
 */
export function zstdFrame(size: number): ZstdCompress {
  // A constant first: @types/node does not know pledgedSrcSize yet.
  const options = { params: ZSTD_PARAMS, pledgedSrcSize: size };
  return createZstdCompress(options);
}
