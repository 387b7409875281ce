import { execFileSync, spawnSync } from 'node:child_process';
import { hash } from 'node:crypto';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { afterAll, expect, test } from 'vitest';
import { sample } from './testing/sample.ts';
import { openZstd } from './zstd.ts';
import { zstdFrames } from './zstd-frames.ts';

const zstd = openZstd();
afterAll(() => zstd.close());

async function frameOf(bytes: Uint8Array): Promise<Buffer> {
  zstd.content(bytes.length).set(bytes);
  return Buffer.concat(await zstd.frame());
}

test('a frame is the same on every machine, whatever was in the memory before', async () => {
  const bytes = sample(300_000);
  await frameOf(Buffer.alloc(500_000, 'x'));
  const frame = await frameOf(bytes);
  expect(hash('sha256', frame)).toBe('8156e3c6d058b381b809d581e75b786920ff19a531a4d5b0cba46fad70a10112');
  expect((await buffer(zstdFrames(Readable.from([frame])))).equals(bytes)).toBe(true);
});

test('memory for the next content is the same, as large as that is', async () => {
  const mine = openZstd();
  const first = mine.content(1000);
  const { buffer: memory } = first;
  expect([first.length, mine.content(10).length, mine.content(5000).length]).toEqual([1000, 10, 5000]);
  expect(mine.content(10).buffer).toBe(memory);
  expect(mine.content(5000).buffer).toBe(memory);
  await expect(mine.close()).resolves.toBeUndefined();
});

test.skipIf(spawnSync('zstd', ['--version']).status !== 0)('a frame is read by zstd (zstd)', async () => {
  const bytes = sample(300_000);
  expect(execFileSync('zstd', ['-dc'], { input: await frameOf(bytes) }).equals(bytes)).toBe(true);
});

test('bytes that cannot be compressed, and no bytes, give a frame too', async () => {
  for (const bytes of [Buffer.from(crypto.getRandomValues(new Uint8Array(60_000))), Buffer.alloc(0)])
    expect((await buffer(zstdFrames(Readable.from([await frameOf(bytes)])))).equals(bytes)).toBe(true);
});

test('a frame comes after an empty one of twice its window, within what decoders take unasked', async () => {
  // A frame's magic number, its header's first byte, the window's exponent, and the content's size (RFC 8878, 3.1.1).
  const begin = (await frameOf(Buffer.alloc(1 << 27))).toString('hex', 0, 23);
  const [empty, whole] = [
    ['28b52ffd', '80', '88', '00000000'],
    ['28b52ffd', '80', '80', '00000008'],
  ].map((header) => header.join(''));
  expect(begin).toBe(`${empty}010000${whole}`);
});
