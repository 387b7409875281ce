export { COMPRESSIONS, COMPRESSORS, type Compression, zstdFrame, zstdSmall } from './compression.ts';
export { type GzipPool, openGzip } from './gzip.ts';
export { zstdFrames } from './zstd-frames.ts';
