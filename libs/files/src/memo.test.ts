import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { memoKey, recall, remember } from './index.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'memo-'));
});
afterEach(() => rm(folder, { recursive: true }));

describe('what was remembered', () => {
  test('is recalled for the same inputs, under its name', async () => {
    await remember({ folder }, 'layers/amd64', memoKey([1, 'a']), { made: [1, 2] });
    expect(await recall({ folder }, 'layers/amd64', memoKey([1, 'a']))).toEqual({ made: [1, 2] });
    expect(await recall({ folder }, 'layers/arm64', memoKey([1, 'a']))).toBeNull();
    expect(await readdir(folder, { recursive: true })).toEqual(['.memo', join('.memo', 'layers-amd64.json')]);
  });

  test('is not recalled for other inputs', async () => {
    await remember({ folder }, 'layers', memoKey([1, 'a']), 'made');
    expect(await recall({ folder }, 'layers', memoKey([1, 'b']))).toBeNull();
  });

  test('is the last, where the inputs changed', async () => {
    await remember({ folder }, 'layers', memoKey(1), 'old');
    await remember({ folder }, 'layers', memoKey(2), 'new');
    expect(await recall({ folder }, 'layers', memoKey(1))).toBeNull();
    expect(await recall({ folder }, 'layers', memoKey(2))).toBe('new');
  });

  test.each(['', '{', 'null', '[]', '{"value": 1}'])('is nothing where its file is %j', async (text) => {
    await remember({ folder }, 'layers', memoKey(1), 'made');
    await writeFile(join(folder, '.memo', 'layers.json'), text);
    expect(await recall({ folder }, 'layers', memoKey(1))).toBeNull();
  });
});
