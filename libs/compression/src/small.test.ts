import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { zstdSmall } from './compression.ts';
import { sample } from './testing/sample.ts';

test('a small file is one frame, smaller than zstd makes it unasked', async () => {
  const bytes = sample(1_000_000);
  const small = await zstdSmall(bytes);
  expect(zstdDecompressSync(small).equals(bytes)).toBe(true);
  expect(small.length).toBeLessThan(zstdCompressSync(bytes).length);
});
