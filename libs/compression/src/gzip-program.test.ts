import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, open, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type GzipPool, openGzip } from './gzip.ts';
import { openGzipProgram } from './gzip-program.ts';
import { sample } from './testing/sample.ts';

const wasm = openGzip({ openProgram: async () => null });
afterAll(() => wasm.close());

const program = await openGzipProgram();
afterAll(() => program?.close());

/** Machine code of this machine. */
async function machineCode(): Promise<Buffer> {
  const file = await open(process.execPath);
  const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(6 << 20), position: 8 << 20 });
  await file.close();
  return buffer.subarray(0, bytesRead);
}

test.runIf(program !== null).each<[string, readonly Uint8Array[]]>([
  ['nothing', []],
  ['a few bytes', [Buffer.from('one '), Buffer.from('two')]],
  ['text', [sample(3_000_000)]],
  ['zeros', [Buffer.alloc(20 << 20)]],
  ['noise', [randomBytes(1 << 20)]],
  ['a program, in parts', [Buffer.alloc(512), await machineCode(), Buffer.alloc(100)]],
])('the machine’s own libdeflate gives the bytes of the WebAssembly: %s (libdeflate)', async (_, parts) => {
  const [own, other] = await Promise.all([program?.member(parts), wasm.member(parts)]);
  expect(Buffer.compare(own ?? Buffer.alloc(0), other)).toBe(0);
});

describe('a program libdeflate-gzip', () => {
  let folder: string;
  let gzip: GzipPool;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'gzip-program-'));
    vi.stubEnv('TMPDIR', folder);
    gzip = openGzip();
  });
  afterEach(async () => {
    await gzip.close();
    vi.unstubAllEnvs();
    const left = await readdir(folder);
    await rm(folder, { recursive: true });
    expect(left.filter((name) => name !== 'libdeflate-gzip')).toEqual([]);
  });
  const install = async (script: string) => {
    await writeFile(join(folder, 'libdeflate-gzip'), `#!/bin/sh\n${script}\n`);
    await chmod(join(folder, 'libdeflate-gzip'), 0o755);
    vi.stubEnv('PATH', `${folder}:${process.env.PATH}`);
  };
  const version = (number: string) =>
    `if [ "$1" = -V ]; then echo 'gzip compression program v${number}'; exit; fi`;
  const CONTENT = sample(200_000);

  test('is used where its version is known', async () => {
    await install(`${version('1.14')}\nrm "$2"; echo made >"$2.gz"`);
    expect(Buffer.from(await gzip.member([CONTENT])).toString()).toBe('made\n');
  });

  test('makes several members at once', async () => {
    await install(`${version('1.25')}\ncp "$2" "$2.gz"`);
    const contents = [1, 2, 3, 4, 5].map((number) => Buffer.alloc(100_000, number));
    const made = await Promise.all(contents.map((content) => gzip.member([content])));
    expect(made.map((member) => Buffer.from(member))).toEqual(contents);
  });

  test('does not make the small ones, which would wait for it', async () => {
    await install(`${version('1.14')}\necho made >"$2.gz"`);
    expect(gunzipSync(await gzip.member([Buffer.from('a folder')])).toString()).toBe('a folder');
  });

  test('leaves no folder behind where the build is killed', async () => {
    await install(`${version('1.14')}\ncp "$2" "$2.gz"`);
    const script = `
      import { openGzip } from ${JSON.stringify(join(import.meta.dirname, 'index.ts'))};
      await openGzip().member([Buffer.alloc(100_000)]);
      process.kill(process.pid, 'SIGKILL');`;
    expect(spawnSync(process.execPath, ['--input-type=module', '-e', script]).signal).toBe('SIGKILL');
    await vi.waitFor(async () => expect(await readdir(folder)).toEqual(['libdeflate-gzip']), 20_000);
  });

  test.each([
    ['of another version', `${version('1.99')}\necho made >"$2.gz"`],
    ['of an older version', `${version('1.2')}\necho made >"$2.gz"`],
    ['that prints no version', '[ "$1" = -V ] || echo made >"$2.gz"'],
    ['that fails', `${version('1.14')}\necho made >"$2.gz"; exit 1`],
    ['that is killed with its shell', `${version('1.14')}\nkill -9 $PPID $$`],
    ['that writes nothing', version('1.14')],
  ])('%s is not used', async (_, script) => {
    await install(script);
    for (const content of [CONTENT, CONTENT])
      expect(gunzipSync(await gzip.member([content])).equals(content)).toBe(true);
  });
});
