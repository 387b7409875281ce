import { constants, createZstdCompress, type ZstdCompress } from 'node:zlib';

export const COMPRESSIONS = ['gzip', 'zstd'] as const;
export type Compression = (typeof COMPRESSIONS)[number];

/**
 * Settings for a frame over all emulators of a host. They are near copies of each other, so what pays is a
 * window and tables that span several of them; a level's preset would be slower and larger. The window stays
 * at 64 MiB, which every decoder takes without being told to (the limit of `zstd -d` is 128 MiB).
 */
const ZSTD_PARAMS = {
  [constants.ZSTD_c_compressionLevel]: 12,
  [constants.ZSTD_c_windowLog]: 26,
  [constants.ZSTD_c_chainLog]: 26,
  [constants.ZSTD_c_hashLog]: 25,
  [constants.ZSTD_c_searchLog]: 7,
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
