import { promisify } from 'node:util';
import { zstdCompress, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { COMPRESSORS, zstdSmall } from './compression.ts';
import { sample } from './testing/sample.ts';

test('the versions that bytes depend on are named', () => {
  expect(COMPRESSORS).toEqual({
    gzip: expect.stringMatching(/^libdeflate\.js \d+\.\d+/),
    zstd: `zstd ${process.versions.zstd}`,
  });
});

test('a small file is one frame, smaller than zstd makes it unasked', async () => {
  const bytes = sample(1_000_000);
  const small = await zstdSmall(bytes);
  expect(zstdDecompressSync(small).equals(bytes)).toBe(true);
  const unasked = await promisify(zstdCompress)(bytes);
  expect(small.length).toBeLessThan(Math.min(unasked.length, zstdCompressSync(bytes).length));
});
