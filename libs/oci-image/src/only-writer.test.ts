import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { asOnlyWriter } from './only-writer.ts';

const disk = vi.hoisted(() => ({ isFull: false, beforeRemoval: async () => undefined as unknown }));
vi.mock('node:fs/promises', async (original) => {
  const fs = await original<typeof import('node:fs/promises')>();
  const writeFile: typeof fs.writeFile = (...given) =>
    disk.isFull && String(given[0]).includes('/.writer')
      ? Promise.reject(Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' }))
      : fs.writeFile(...given);
  const remove: typeof fs.rm = async (...given) => {
    const { beforeRemoval } = disk;
    disk.beforeRemoval = async () => undefined;
    await beforeRemoval();
    return fs.rm(...given);
  };
  return { ...fs, writeFile, rm: remove };
});

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'only-writer-'));
});
afterEach(() => rm(folder, { recursive: true }));
const claims = async () => (await readdir(folder)).filter((name) => name.startsWith('.writer'));

test('a claim that cannot be written is an error of its own, and no work is done', async () => {
  disk.isFull = true;
  onTestFinished(() => {
    disk.isFull = false;
  });
  const work = vi.fn(async () => 'done');
  await expect(asOnlyWriter(folder, work)).rejects.toMatchObject({ code: 'ENOSPC' });
  expect(work).not.toHaveBeenCalled();
});

test('work that clears the folder, and the claim with it, has been done', async () => {
  const clear = async () => {
    for (const name of await claims()) await rm(join(folder, name));
    return 'done';
  };
  expect(await asOnlyWriter(folder, clear)).toBe('done');
  expect(await claims()).toEqual([]);
});

test('a second one is refused while the first works, and the claim of the first stays', async () => {
  const second = asOnlyWriter(folder, async () => {
    const before = await claims();
    await expect(asOnlyWriter(folder, async () => 'both')).rejects.toMatchObject({ code: 'LAYOUT_BUSY' });
    expect(await claims()).toEqual(before);
    expect(before).toHaveLength(1);
    return 'alone';
  });
  expect(await second).toBe('alone');
  expect(await asOnlyWriter(folder, async () => 'after')).toBe('after');
});

/** The claim of a process that has ended. */
async function staleClaim(): Promise<string> {
  const child = spawn('true');
  await once(child, 'exit');
  return `.writer-${child.pid}-12345-00`;
}

test.each([
  ['of a process that is gone', staleClaim],
  ['of one whose id another process has by now', async () => `.writer-${process.pid}-1-00`],
  ['that has no process', async () => '.writer'],
])('a claim %s counts for nothing, and is removed', async (_, nameOf) => {
  await asOnlyWriter(folder, async () => undefined);
  await writeFile(join(folder, await nameOf()), '');
  expect(await asOnlyWriter(folder, claims)).toHaveLength(1);
  expect(await claims()).toEqual([]);
});

test('whoever removes the claim of a killed one does not work beside one that begins meanwhile', async () => {
  await asOnlyWriter(folder, async () => undefined);
  await writeFile(join(folder, await staleClaim()), '');
  let [working, most] = [0, 0];
  const work = async () => {
    working += 1;
    most = Math.max(most, working);
    await setTimeout(100);
    working -= 1;
  };
  const begun: Promise<unknown>[] = [];
  disk.beforeRemoval = async () => {
    begun.push(asOnlyWriter(folder, work).catch((error) => error));
    await setTimeout(30);
  };
  begun.push(asOnlyWriter(folder, work).catch((error) => error));
  await Promise.all([...begun, setTimeout(60)]);
  const ended = await Promise.all(begun);
  expect(ended).toHaveLength(2);
  for (const error of ended.filter(Boolean)) expect(error).toMatchObject({ code: 'LAYOUT_BUSY' });
  expect(most).toBe(1);
  expect(await claims()).toEqual([]);
});

test('the claim ends with the work, also when that fails', async () => {
  await expect(asOnlyWriter(folder, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(await claims()).toEqual([]);
});
