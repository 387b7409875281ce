import { zstdCompressSync } from 'node:zlib';
import Tinypool from 'tinypool';
import { giveBack } from './give-back.ts';
import { ZSTD_PARAMS, type ZstdTask } from './zstd.ts';

/**
 * A worker of `openZstd`: bytes in, a frame out. zstd compresses them in one go, without a copy of its own, only where they
 * are given at once with the end, and the output has room for the most that a frame of them can have (zstd.h,
 * ZSTD_COMPRESSBOUND): so in one call, and with so large a chunk, of which only what is written takes memory.
 */
export default function compress({ shared, length }: ZstdTask): unknown {
  const most = length + (length >> 8) + (1 << 17);
  const frame = zstdCompressSync(new Uint8Array(shared, 0, length), { params: ZSTD_PARAMS, chunkSize: most });
  const result = Uint8Array.from(frame);
  giveBack(frame);
  return Tinypool.move(result);
}
