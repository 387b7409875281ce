import { randomBytes } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import { zstdCompressSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { zstdFrames } from './zstd-frames.ts';

const contents = [Buffer.alloc(0), randomBytes(70_000), Buffer.alloc(3_000_000, 'like '), Buffer.alloc(0)];
const file = Buffer.concat(contents.map((content) => zstdCompressSync(content)));

async function* inChunks(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

describe('zstd frames in a row', () => {
  test.each([9, 4096, file.length])('are read to the end, in chunks of %d bytes', async (size) => {
    const read = await buffer(zstdFrames(inChunks(file, size)));
    expect(read.equals(Buffer.concat(contents))).toBe(true);
  });

  test('that are cut short are an error', async () => {
    await expect(buffer(zstdFrames(inChunks(file.subarray(0, 50_000), 65_536)))).rejects.toThrow();
    await expect(buffer(zstdFrames(inChunks(file.subarray(0, 5), 65_536)))).rejects.toThrow();
  });

  test('that are not frames are an error', async () => {
    await expect(buffer(zstdFrames(inChunks(Buffer.alloc(0), 1)))).rejects.toThrow();
  });

  test('end with their source’s failure, and end their source when no more is wanted', async () => {
    let closed = false;
    async function* broken(): AsyncGenerator<Uint8Array> {
      try {
        yield file.subarray(0, 50_000);
        throw new Error('disk gone');
      } finally {
        closed = true;
      }
    }
    await expect(buffer(zstdFrames(broken()))).rejects.toThrow('disk gone');
    closed = false;
    for await (const _ of zstdFrames(broken())) break;
    expect(closed).toBe(true);
  });

  test('with something else behind them are an error', async () => {
    const more = Buffer.concat([file, Buffer.from('garbage')]);
    await expect(buffer(zstdFrames(inChunks(more, 65_536)))).rejects.toThrow('Unknown frame descriptor');
  });
});
