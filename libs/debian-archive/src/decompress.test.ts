import { buffer } from 'node:stream/consumers';
import { zstdCompressSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { decompress } from './decompress.ts';

test('a zstd member of several frames is read to the end', async () => {
  const contents = [Buffer.alloc(3_000_000, 'like '), Buffer.from('the end')];
  const file = Buffer.concat(contents.map((content) => zstdCompressSync(content)));
  async function* source(): AsyncGenerator<Uint8Array> {
    yield file;
  }
  const read = await buffer(decompress(source(), 'zst'));
  expect(read.equals(Buffer.concat(contents))).toBe(true);
});
