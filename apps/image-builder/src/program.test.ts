import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync, readFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { describe, expect, test } from 'vitest';
import { BUILDER_ERRORS } from './report/errors.ts';

const MAIN = new URL('./main.js', import.meta.url).pathname;
/** A command that prints a result, and needs nothing. */
const WORDS = [MAIN, 'sbom', '--help'];

async function ended(child: ChildProcess): Promise<{ status: number | null; stderr: string }> {
  const stderr = child.stderr === null ? Promise.resolve('') : text(child.stderr);
  const [status] = (await once(child, 'close')) as [number | null];
  return { status, stderr: await stderr };
}

test('an older Node ends with a sentence and a remedy, before it reads what it does not know', async () => {
  const pretend = "Object.defineProperty(process.versions, 'node', { value: '20.11.1' })";
  const words = ['--import', `data:text/javascript,${pretend}`, ...WORDS];
  const { status, stderr } = await ended(spawn(process.execPath, words));
  expect(stderr).toBe(
    'NODE_TOO_OLD: image-builder needs Node 24 or newer, and this is Node 20.11.1\n' +
      `  remedy: ${BUILDER_ERRORS.NODE_TOO_OLD.remedy}\n`,
  );
  expect(status).toBe(1);
  // Names that a module lacks are found out before its first line runs.
  expect(readFileSync(MAIN, 'utf8')).not.toMatch(/^(import|export) /m);
});

describe('a machine that gives out', () => {
  test('no further open file for the program’s own modules', async () => {
    const hook = `import { registerHooks } from 'node:module';
      const error = Object.assign(new Error('EMFILE: too many open files'), { code: 'EMFILE', syscall: 'open' });
      registerHooks({ load: (url, context, next) => { if (url.endsWith('commander/index.js')) throw error; return next(url, context); } });`;
    const words = ['--import', `data:text/javascript,${encodeURIComponent(hook)}`, ...WORDS];
    const { status, stderr } = await ended(spawn(process.execPath, words));
    expect(stderr).toBe(
      `RESOURCES_EXHAUSTED: EMFILE: too many open files\n  remedy: ${BUILDER_ERRORS.RESOURCES_EXHAUSTED.remedy}\n`,
    );
    expect(status).toBe(1);
  });

  test('a working folder that was removed', async () => {
    const words = 'cd "$(mktemp -d)"; rmdir "$PWD"; exec "$@"';
    const child = spawn('sh', ['-c', words, 'sh', process.execPath, MAIN, 'check'], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const { status, stderr } = await ended(child);
    expect(stderr).toMatch(/^WORKING_FOLDER_GONE: .*\n {2}because: .*\n {2}remedy: .*\n$/);
    expect(status).toBe(1);
  });
});

test('a channel with the name of what every object has is unknown', async () => {
  const { status, stderr } = await ended(
    spawn(process.execPath, [MAIN, 'fetch', '--channel', 'constructor'], {
      stdio: ['ignore', 'ignore', 'pipe'],
    }),
  );
  expect(stderr).toContain('CHANNEL_UNKNOWN: no channel "constructor" in the lock');
  expect(status).toBe(2);
});

describe('the result cannot be written', () => {
  test('nobody reads it any more: the command ends as others do then, and says nothing', async () => {
    const child = spawn(process.execPath, WORDS, { stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout?.destroy();
    expect(await ended(child)).toEqual({ status: 141, stderr: '' });
  });

  test('the disk is full: stderr has a code and a remedy', async () => {
    const full = openSync('/dev/full', 'w');
    const child = spawn(process.execPath, WORDS, { stdio: ['ignore', full, 'pipe'] });
    const { status, stderr } = await ended(child);
    expect(stderr).toMatch(/^FILE_SYSTEM: the result cannot be written to stdout: ENOSPC: .*\n {2}remedy: /);
    expect(status).toBe(1);
  });
});
