import { zstdCompressSync } from 'node:zlib';
import { expect, test, vi } from 'vitest';
import { zstdFrames } from './zstd-frames.ts';

// Node's decoders hold memory outside of its heap until they are destroyed.
const opened = vi.hoisted(() => [] as { readonly destroyed: boolean }[]);
vi.mock('node:zlib', async (original) => {
  const zlib = await original<typeof import('node:zlib')>();
  const createZstdDecompress: typeof zlib.createZstdDecompress = (options) => {
    const decoder = zlib.createZstdDecompress(options);
    opened.push(decoder);
    return decoder;
  };
  return { ...zlib, createZstdDecompress };
});

const FRAME = zstdCompressSync(Buffer.alloc(3_000_000, 'like '));

test.each<[string, Uint8Array, boolean]>([
  ['all is read', Buffer.concat([FRAME, FRAME, FRAME]), false],
  ['no more is wanted', Buffer.concat([FRAME, FRAME]), true],
  ['the data is damaged', Buffer.concat([FRAME, Buffer.from('garbage')]), false],
])('every decoder is gone once %s', async (_, file, breaks) => {
  opened.length = 0;
  try {
    for await (const chunk of zstdFrames(
      (async function* () {
        yield file;
      })(),
    ))
      if (breaks && chunk.length > 0) break;
  } catch {
    // It is what the third case is about.
  }
  expect(opened.length).toBeGreaterThan(0);
  expect(opened.map(({ destroyed }) => destroyed)).toEqual(opened.map(() => true));
});
