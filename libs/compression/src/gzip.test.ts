import { execFileSync } from 'node:child_process';
import { hash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { availableParallelism, constants, getPriority } from 'node:os';
import { gunzipSync } from 'node:zlib';
import { afterAll, expect, onTestFinished, test, vi } from 'vitest';
import { openGzip } from './gzip.ts';
import { SharedMemory } from './shared-memory.ts';
import { sample } from './testing/sample.ts';

// With the machine's own libdeflate, where it has one, gzip-program.test.ts compares this.
const gzip = openGzip({ openProgram: async () => null });
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

test('a member has its own parts alone, whatever was compressed before it in the same memory', async () => {
  for (const size of [300_000, 5, 0, 70_000, 400_000, 1]) {
    const bytes = sample(400_000).subarray(0, size);
    const [first, rest] = [bytes.subarray(0, size / 2), bytes.subarray(size / 2)];
    // As many at a time as there are workers, each of which is then used again.
    const members = Array.from({ length: 2 * availableParallelism() }, () => gzip.member([first, rest]));
    for (const member of await Promise.all(members)) expect(gunzipSync(member).equals(bytes)).toBe(true);
  }
});

test('memory is given back after each member, also after one that cannot be made', async () => {
  const take = vi.spyOn(SharedMemory.prototype, 'take');
  const giveBack = vi.spyOn(SharedMemory.prototype, 'giveBack');
  onTestFinished(() => void vi.restoreAllMocks());
  await gzip.member([Buffer.from('one')]);
  // What cannot be sent to another thread.
  take.mockReturnValueOnce({ set: () => undefined, buffer: () => undefined } as never);
  await expect(gzip.member([Buffer.from('two')])).rejects.toThrow('could not be cloned');
  expect(giveBack).toHaveBeenCalledTimes(2);
});

test('a pool that compressed nothing is closed too', async () => {
  await expect(openGzip().close()).resolves.toBeUndefined();
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
    await vi.waitFor(() => expect(below()).not.toHaveLength(0));
    expect(priorities()).toContain(getPriority());
  },
);
