import { Readable } from 'node:stream';
import { setTimeout as after } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { bounded, type Exceeded, transferMs } from './bounded.ts';

const exceeded = (which: Exceeded) => new Error(`too much: ${which}`);

async function read(body: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

/** A byte every few milliseconds, for ever. */
async function* dripping(): AsyncGenerator<Uint8Array> {
  for (;;) {
    await after(5);
    yield Buffer.from('.');
  }
}

async function* pieces(...texts: string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield Buffer.from(text);
}

describe('a body', () => {
  test('within its bounds is passed on as it is', async () => {
    expect(await read(bounded(pieces('ab', 'c'), { bytes: 3, ms: 60_000 }, exceeded))).toBe('abc');
    expect(await read(bounded(pieces('ab', 'c'), {}, exceeded))).toBe('abc');
  });

  test('of one byte too many is refused before that byte is passed on', async () => {
    const passed: string[] = [];
    const reading = (async () => {
      for await (const chunk of bounded(pieces('ab', 'c', 'd'), { bytes: 3 }, exceeded))
        passed.push(`${chunk}`);
    })();
    await expect(reading).rejects.toThrow('too much: bytes');
    expect(passed).toHaveLength(2);
  });

  test('that drips without end is ended by its total time', async () => {
    await expect(read(bounded(dripping(), { ms: 40 }, exceeded))).rejects.toThrow('too much: ms');
  });

  test('of unknown size may take as long as its bytes need, and no longer', async () => {
    await expect(read(bounded(dripping(), { graceMs: 40 }, exceeded))).rejects.toThrow('too much: ms');
    async function* fast() {
      for (let piece = 0; piece < 20; piece++) {
        await after(5);
        yield Buffer.alloc(16 << 10);
      }
    }
    expect(await read(bounded(fast(), { graceMs: 40 }, exceeded))).toHaveLength(20 * (16 << 10));
    await expect(read(bounded(fast(), { graceMs: 40, ms: 60 }, exceeded))).rejects.toThrow('too much: ms');
  });

  test('that is a stream is destroyed, also while it sends nothing', async () => {
    const silent = new Readable({ read: () => undefined });
    await expect(read(bounded(silent, { ms: 20 }, exceeded))).rejects.toThrow('too much: ms');
    expect(silent.destroyed).toBe(true);
  });

  test('that nobody reads to its end is closed', async () => {
    const stream = Readable.from(dripping());
    for await (const _ of bounded(stream, { ms: 60_000 }, exceeded)) break;
    expect(stream.destroyed).toBe(true);
  });

  test('that has ended is not watched any longer', async () => {
    const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
    const before = timers();
    await read(bounded(pieces('a'), { ms: 600_000 }, exceeded));
    expect(timers()).toBe(before);
  });

  test('may take longer than a timer can count', async () => {
    expect(await read(bounded(pieces('a'), { ms: 1e15 }, exceeded))).toBe('a');
  });
});

test('the time for a transfer grows with its bytes', () => {
  expect(transferMs(0, 60_000)).toBe(60_000);
  expect(transferMs(16 << 20, 60_000)).toBe(60_000 + 1_024_000);
  expect(transferMs(Number.MAX_SAFE_INTEGER, 0)).toBe(2 ** 31 - 1);
});
