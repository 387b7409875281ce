import { spawn } from 'node:child_process';
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, onTestFinished, test, vi } from 'vitest';
import { decompress } from './decompress.ts';
import { temporaryFolder } from './testing/folder.ts';
import { compress } from './testing/packages.ts';

const HELLO = compress(Buffer.from('hello'), 'xz');

async function* of(...chunks: Uint8Array[]) {
  yield* chunks;
}

/** The decompressed `source`, with this shell script as the program xz. */
async function through(script: string, source: AsyncIterable<Uint8Array> = of(HELLO)): Promise<string> {
  const folder = await temporaryFolder();
  await writeFile(join(folder, 'xz'), `#!/bin/sh\n${script}\n`);
  await chmod(join(folder, 'xz'), 0o755);
  vi.stubEnv('PATH', `${folder}:${process.env.PATH}`);
  onTestFinished(() => void vi.unstubAllEnvs());
  return Buffer.concat(await Array.fromAsync(decompress(source, 'xz'))).toString();
}

test.each([
  [
    'ends with an error of its own',
    'cat >/dev/null; echo "xz: no such option" >&2; exit 1',
    'xz: no such option',
  ],
  ['fails without a word', 'exit 3', 'xz ended with 3'],
  ['is killed', 'kill -9 $$', 'xz ended with SIGKILL'],
  ['ends well without reading its input', 'exec <&-; exit 0', 'xz ended before it had read its input'],
])('an xz that %s is named as the cause', async (_, script, message) => {
  const large = of(...Array.from({ length: 64 }, () => Buffer.alloc(1 << 16)));
  await expect(through(script, large)).rejects.toMatchObject({ code: 'XZ_FAILED', message });
});

test('an xz that may not be run is named as the cause', async () => {
  const folder = await temporaryFolder();
  await writeFile(join(folder, 'xz'), '');
  vi.stubEnv('PATH', folder);
  onTestFinished(() => void vi.unstubAllEnvs());
  await expect(Array.fromAsync(decompress(of(HELLO), 'xz'))).rejects.toMatchObject({ code: 'XZ_FAILED' });
});

test.each([
  'xz: (stdin): Compressed data is corrupt',
  'xz: (stdin): Unexpected end of input',
  'xz: (stdin): File format not recognized',
  'xz: (stdin): Unsupported options',
])('data of which xz says "%s" is what is malformed', async (message) => {
  const work = through(`cat >/dev/null; echo '${message}' >&2; exit 1`);
  await expect(work).rejects.toMatchObject({ code: 'COMPRESSION_MALFORMED', message });
});

test('an xz without memory is a limit of the machine', async () => {
  const work = through('cat >/dev/null; echo "xz: (stdin): Cannot allocate memory" >&2; exit 1');
  await expect(work).rejects.toMatchObject({ code: 'RESOURCES_EXHAUSTED' });
});

test('a source that fails is the error, not what xz says of its end', async () => {
  const failure = new Error('the disk is gone');
  async function* source() {
    yield HELLO.subarray(0, 20);
    throw failure;
  }
  await expect(Array.fromAsync(decompress(source(), 'xz'))).rejects.toBe(failure);
});

/** Runs a program in a process group of its own, where no signal of it can reach this one. */
async function inGroup(command: string, ...words: string[]): Promise<{ printed: string; ended: unknown }> {
  const shell = spawn('bash', ['-c', command, 'bash', ...words], {
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise((resolve) => shell.once('close', (status, signal) => resolve(status ?? signal)));
  return { printed: await text(shell.stdout), ended: await ended };
}

test('without a file descriptor for it, the error says so, and the caller lives on', async () => {
  const script = `
    import { openSync } from 'node:fs';
    import { decompress } from ${JSON.stringify(join(import.meta.dirname, 'decompress.ts'))};
    try { while (true) openSync('/dev/null'); } catch {}
    const bytes = decompress((async function* () { yield Buffer.alloc(9); })(), 'xz');
    await Array.fromAsync(bytes).catch(({ code, remedy }) => console.log(code, remedy));`;
  const command = 'ulimit -n 64; "$1" --input-type=module -e "$2"; echo "it ended with $?"';
  expect(await inGroup(command, process.execPath, script)).toEqual({
    printed: expect.stringMatching(/^RESOURCES_EXHAUSTED .*ulimit -n 4096.*\nit ended with 0\n$/),
    ended: 0,
  });
});
