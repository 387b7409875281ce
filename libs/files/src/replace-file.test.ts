import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { replaceFile, TEMPORARY_PREFIX } from './index.ts';

const SIZE = 1 << 21;
const WRITER = join(import.meta.dirname, 'testing', 'replace-again-and-again.ts');

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'replace-file-'));
  path = join(folder, 'file');
});
afterEach(() => rm(folder, { recursive: true }));

const isWhole = (text: string) => text.length === SIZE && text === text.charAt(0).repeat(SIZE);

test('a reader during the write sees the old contents or the new ones, whole', async () => {
  await replaceFile(path, '0'.repeat(SIZE));
  let isWriting = true;
  const writing = (async () => {
    for (let round = 1; round < 40; round++) await replaceFile(path, String(round % 10).repeat(SIZE));
    isWriting = false;
  })();
  const seen = new Set<string>();
  while (isWriting) {
    const text = await readFile(path, 'utf8');
    expect(isWhole(text)).toBe(true);
    seen.add(text.charAt(0));
  }
  await writing;
  expect(seen.size).toBeGreaterThan(1);
});

test('a writer that is killed leaves one of them, whole, and a temporary file that is known as one', async () => {
  for (const delay of [0, 3, 6, 9, 12]) {
    const writer = spawn(process.execPath, [WRITER, path, String(SIZE)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(writer.stdout, 'data');
    await setTimeout(delay);
    writer.kill('SIGKILL');
    await once(writer, 'close');
    expect(isWhole(await readFile(path, 'utf8'))).toBe(true);
    for (const name of await readdir(folder))
      expect(name === 'file' || name.startsWith(TEMPORARY_PREFIX), name).toBe(true);
  }
});

test('a write that fails at the last step leaves nothing behind, and the old state', async () => {
  await mkdir(join(path, 'inside'), { recursive: true });
  await writeFile(join(path, 'inside', 'note'), 'mine');
  await expect(replaceFile(path, 'new')).rejects.toMatchObject({ syscall: 'rename' });
  expect((await readdir(folder, { recursive: true })).sort()).toEqual([
    'file',
    'file/inside',
    'file/inside/note',
  ]);
});

test('a write that fails at the first step leaves nothing behind', async () => {
  await expect(replaceFile(join(folder, 'nowhere', 'file'), 'new')).rejects.toMatchObject({ code: 'ENOENT' });
  expect(await readdir(folder)).toEqual([]);
});
