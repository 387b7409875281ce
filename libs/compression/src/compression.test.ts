import { execFileSync, spawnSync } from 'node:child_process';
import { hash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { availableParallelism, constants, getPriority } from 'node:os';
import { buffer } from 'node:stream/consumers';
import { gunzipSync } from 'node:zlib';
import { afterAll, expect, test, vi } from 'vitest';
import { zstdFrame } from './compression.ts';
import { openGzip } from './gzip.ts';

/** Bytes that compress a little, the same at every run. */
function sample(size: number): Buffer {
  const bytes = Buffer.alloc(size);
  for (let i = 0, x = 1; i < size; i++) {
    x = (x * 1103515245 + 12345) & 0x7fffffff;
    bytes[i] = (x >> 16) & 0x1f;
  }
  return bytes;
}

const gzip = openGzip();
afterAll(() => gzip.close());

test('joined gzip members decompress to their contents in a row', async () => {
  const parts = ['one ', 'two ', 'three'].map((text) => Buffer.from(text));
  const joined = Buffer.concat(await Promise.all(parts.map((part) => gzip.member([part]))));
  expect(gunzipSync(joined).toString()).toBe('one two three');
  expect(execFileSync('gzip', ['-dc'], { input: joined }).toString()).toBe('one two three');
});

test('a gzip member has no time and is the same on every machine', async () => {
  const member = Buffer.from(await gzip.member([sample(60_000), sample(100_000).subarray(60_000)]));
  expect(member.subarray(0, 10).toString('hex')).toBe('1f8b08000000000000ff');
  expect(hash('sha256', member)).toBe('7d49a15af880c1220fe02453d7bebfa799cf73cc5b923986dac228354a6af62c');
});

test.runIf(process.platform === 'linux' && getPriority() < constants.priority.PRIORITY_BELOW_NORMAL)(
  'members are made below the priority of everything else (normal priority)',
  async () => {
    await gzip.member([Buffer.from('one')]);
    // Field 19 of proc_pid_stat(5), after the name in brackets, which may have spaces.
    const priorities = () =>
      readdirSync('/proc/self/task').map((thread) =>
        Number(readFileSync(`/proc/self/task/${thread}/stat`, 'utf8').split(') ')[1]?.split(' ')[16]),
      );
    const below = () => priorities().filter((one) => one === constants.priority.PRIORITY_BELOW_NORMAL);
    await vi.waitFor(() => expect(below()).toHaveLength(availableParallelism()));
    expect(priorities()).toContain(getPriority());
  },
);

/** A zstd frame of bytes that are written a chunk at a time. */
async function frameOf(bytes: Buffer, chunk = bytes.length): Promise<Buffer> {
  const frame = zstdFrame(bytes.length);
  const result = buffer(frame);
  for (let at = 0; at < bytes.length; at += chunk) {
    await new Promise((written) => frame.write(bytes.subarray(at, at + chunk), written));
  }
  frame.end();
  return result;
}

test('a zstd frame is the same however its contents are cut, and on every machine', async () => {
  const bytes = sample(300_000);
  const [whole, cut] = await Promise.all([frameOf(bytes), frameOf(bytes, 777)]);
  expect(cut.equals(whole)).toBe(true);
  expect(hash('sha256', whole)).toBe('8156e3c6d058b381b809d581e75b786920ff19a531a4d5b0cba46fad70a10112');
});

test.skipIf(spawnSync('zstd', ['--version']).status !== 0)(
  'a zstd frame is read by zstd (zstd)',
  async () => {
    const bytes = sample(300_000);
    expect(execFileSync('zstd', ['-dc'], { input: await frameOf(bytes) }).equals(bytes)).toBe(true);
  },
);

test('a zstd frame comes after an empty one of twice its window, within what decoders take unasked', async () => {
  const frame = zstdFrame(1 << 27);
  const result = buffer(frame);
  const zeros = Buffer.alloc(1 << 20);
  for (let at = 0; at < 1 << 27; at += zeros.length) await new Promise((done) => frame.write(zeros, done));
  frame.end();
  // A frame's magic number, its header's first byte, the window's exponent, and the content's size (RFC 8878, 3.1.1).
  const begin = (await result).toString('hex', 0, 23);
  const [empty, whole] = [
    ['28b52ffd', '80', '88', '00000000'],
    ['28b52ffd', '80', '80', '00000008'],
  ].map((header) => header.join(''));
  expect(begin).toBe(`${empty}010000${whole}`);
});

test('a zstd frame that gets less than was said ends in an error', async () => {
  const frame = zstdFrame(10);
  frame.end(Buffer.from('short'));
  await expect(buffer(frame)).rejects.toThrow();
});
