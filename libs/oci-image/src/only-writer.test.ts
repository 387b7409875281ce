import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { asOnlyWriter } from './only-writer.ts';

const disk = vi.hoisted(() => ({ isFull: false }));
vi.mock('node:fs/promises', async (original) => {
  const fs = await original<typeof import('node:fs/promises')>();
  const writeFile: typeof fs.writeFile = (...given) =>
    disk.isFull && String(given[0]).endsWith('.writer')
      ? Promise.reject(Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' }))
      : fs.writeFile(...given);
  return { ...fs, writeFile };
});

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'only-writer-'));
});
afterEach(() => rm(folder, { recursive: true }));

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
    await rm(join(folder, '.writer'));
    return 'done';
  };
  expect(await asOnlyWriter(folder, clear)).toBe('done');
  expect(await readdir(folder)).not.toContain('.writer');
});
