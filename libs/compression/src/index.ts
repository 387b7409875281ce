export { COMPRESSIONS, COMPRESSORS, type Compression, zstdFrame, zstdSmall } from './compression.ts';
export { type GzipPool, openGzip } from './gzip.ts';
export { gunzipMembers } from './gzip-members.ts';
export { zstdFrames } from './zstd-frames.ts';
