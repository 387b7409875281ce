import { readFile, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { zstdCompressSync } from 'node:zlib';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { decompress } from './decompress.ts';
import { temporaryFolder } from './testing/folder.ts';
import { otherXz } from './testing/other-xz.ts';
import { compress } from './testing/packages.ts';

test('a zstd member of several frames is read to the end', async () => {
  const contents = [Buffer.alloc(3_000_000, 'like '), Buffer.from('the end')];
  const file = Buffer.concat(contents.map((content) => zstdCompressSync(content)));
  async function* source(): AsyncGenerator<Uint8Array> {
    yield file;
  }
  const read = await buffer(decompress(source(), 'zst'));
  expect(read.equals(Buffer.concat(contents))).toBe(true);
});

describe('xz', () => {
  async function* source(bytes: Uint8Array) {
    yield bytes;
  }
  const through = (bytes: Uint8Array) => buffer(decompress(source(bytes), 'xz'));

  test('gets four threads at most, and gives way to who reads what it makes', async () => {
    const packed = compress(Buffer.from('text'), 'xz');
    const log = join(await temporaryFolder(), 'log');
    await otherXz(`xz -dc; { echo "$@"; nice; echo "$XZ_OPT$XZ_DEFAULTS"; } >${log}`);
    vi.stubEnv('XZ_OPT', '--memlimit=1');
    expect(String(await through(packed))).toBe('text');
    const [words, niceness, options] = (await readFile(log, 'utf8')).split('\n');
    expect([words, options]).toEqual([`-T${Math.min(4, availableParallelism())} -dc`, '']);
    expect(Number(niceness)).toBeGreaterThanOrEqual(10);
  });

  test.each([
    ['says nothing', 'exit 3', 'XZ_FAILED', 'xz ended with 3'],
    ['is killed', 'kill -KILL $$', 'XZ_FAILED', 'xz ended with SIGKILL'],
    ['does not read its input', 'exit 0', 'XZ_FAILED', 'xz ended before it had read its input'],
    ['says what is wrong with it', 'echo " no such option " >&2; exit 1', 'XZ_FAILED', 'no such option'],
    [
      'lacks memory',
      'echo Cannot allocate memory >&2; exit 1',
      'RESOURCES_EXHAUSTED',
      'Cannot allocate memory',
    ],
    ['finds damage', 'echo File is corrupt >&2; exit 1', 'COMPRESSION_MALFORMED', 'File is corrupt'],
  ])('that %s is an error', async (_, lines, code, message) => {
    await otherXz(lines);
    await expect(through(Buffer.alloc(1 << 20))).rejects.toMatchObject({ code, message });
  });

  test('that may not be run is an error', async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'xz'), '');
    vi.stubEnv('PATH', folder);
    onTestFinished(() => void vi.unstubAllEnvs());
    await expect(through(Buffer.from('x'))).rejects.toMatchObject({
      code: 'XZ_FAILED',
      message: 'xz cannot be started',
      cause: { code: 'EACCES' },
    });
  });

  test('that goes on is ended when its reader stops', async () => {
    await otherXz('echo text; exec sleep 100');
    for await (const chunk of decompress(source(Buffer.from('x')), 'xz')) {
      expect(String(chunk)).toBe('text\n');
      break;
    }
    const programs = () => process.getActiveResourcesInfo().filter((name) => name === 'ProcessWrap');
    await expect.poll(programs, { timeout: 4000 }).toEqual([]);
  });
});
