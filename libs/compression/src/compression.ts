import { promisify } from 'node:util';
import { constants, zstdCompress } from 'node:zlib';
import manifest from '../package.json' with { type: 'json' };

export const COMPRESSIONS = ['gzip', 'zstd'] as const;
export type Compression = (typeof COMPRESSIONS)[number];

/** The versions that compressed bytes depend on, apart from their contents. */
export const COMPRESSORS: Readonly<Record<Compression, string>> = {
  gzip: `libdeflate.js ${manifest.dependencies.libdeflate}`,
  zstd: `zstd ${process.versions.zstd}`,
};

const compress = promisify(zstdCompress);

/** A few megabytes as one frame, as small as zstd makes them in a second; level 19 gains nothing more. */
export function zstdSmall(bytes: Uint8Array): Promise<Uint8Array> {
  return compress(bytes, { params: { [constants.ZSTD_c_compressionLevel]: 18 } });
}
