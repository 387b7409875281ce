import { CodedError } from '@qemu-user-static/errors';
import { describe, expect, test } from 'vitest';
import type { Sample } from './inputs.ts';
import { PART_NAMES, type Reader, readersOf } from './readers.ts';
import { tryReader } from './try-reader.ts';

const readers = (await Promise.all(PART_NAMES.map(readersOf))).flat();

test('every reader has a name of its own', () => {
  const names = readers.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  expect(names).toEqual(
    expect.arrayContaining(['package', 'inrelease', 'lock', 'layout-manifest', 'challenge', 'elf']),
  );
});

test.each(readers)(
  '$name takes its samples, so that what is altered is nearly right',
  async ({ samples, read }) => {
    for (const sample of samples) await read(given(sample) as never);
    expect(samples.length).toBeGreaterThan(0);
  },
);

const given = (sample: Sample) =>
  typeof sample === 'string' || Buffer.isBuffer(sample) ? sample : JSON.stringify(sample);

class Refused extends CodedError<'REFUSED'> {
  constructor() {
    super({ REFUSED: { meaning: 'It is refused.', remedy: 'Give another.' } }, 'REFUSED', 'refused');
  }
}

const readerOf = (sample: Sample, read: (input: string) => unknown): Reader => ({
  name: 'made',
  samples: [sample],
  read: (input) => read(String(input)),
});
const CASES = { seed: 1, milliseconds: 2000, cpu: 1000 };

describe('a reader', () => {
  test('that refuses everything with a code holds', async () => {
    const outcome = await tryReader(
      readerOf('{}', () => {
        throw new Refused();
      }),
      { ...CASES, milliseconds: 50 },
    );
    expect(outcome.failure).toBeNull();
  });

  test.each<[string, Sample]>([
    ['text', 'name: value'],
    ['bytes', Buffer.from('name: value')],
    ['JSON', { name: 'value', list: [1] }],
  ])('that breaks at altered %s is found, and the path repeats the input', async (_, sample) => {
    const broken = readerOf(sample, (input) => {
      if (!input.includes('value')) throw new TypeError('no value');
    });
    const { failure } = await tryReader(broken, CASES);
    expect(failure?.error).toContain('TypeError: no value');
    const again = await tryReader(broken, { ...CASES, path: failure?.path });
    expect(again).toMatchObject({ runs: 1, failure: { input: failure?.input } });
  });

  test('may not spend the processor on one input for longer than is allowed', async () => {
    const slow = readerOf('x', () => {
      const end = process.cpuUsage().user + 30_000;
      while (process.cpuUsage().user < end);
    });
    const { failure } = await tryReader(slow, { ...CASES, cpu: 10 });
    expect(failure?.error).toMatch(/it took \d+ ms of the processor/);
  });
});
