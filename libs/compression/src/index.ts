export { COMPRESSIONS, COMPRESSORS, type Compression, zstdSmall } from './compression.ts';
export { giveBack } from './give-back.ts';
export { type GzipPool, openGzip } from './gzip.ts';
export { type GzipMember, gunzipMembers, gzipMemberAt } from './gzip-members.ts';
export { SharedMemory } from './shared-memory.ts';
export { openZstd, type ZstdFrames } from './zstd.ts';
export { zstdFrames } from './zstd-frames.ts';
