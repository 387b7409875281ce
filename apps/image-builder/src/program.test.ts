import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { describe, expect, test } from 'vitest';

const MAIN = new URL('./main.js', import.meta.url).pathname;
/** A command that prints a result, and needs nothing. */
const WORDS = [MAIN, 'sbom', '--help'];

async function ended(child: ChildProcess): Promise<{ status: number | null; told: string }> {
  const told = child.stderr === null ? Promise.resolve('') : text(child.stderr);
  const [status] = (await once(child, 'close')) as [number | null];
  return { status, told: await told };
}

describe('the result cannot be written', () => {
  test('nobody reads it any more: the command ends as others do then, and says nothing', async () => {
    const child = spawn(process.execPath, WORDS, { stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout?.destroy();
    expect(await ended(child)).toEqual({ status: 141, told: '' });
  });

  test('there is no space for it: that is told with a code and a remedy', async () => {
    const full = openSync('/dev/full', 'w');
    const child = spawn(process.execPath, WORDS, { stdio: ['ignore', full, 'pipe'] });
    const { status, told } = await ended(child);
    expect(told).toMatch(/^FILE_SYSTEM: the result cannot be written to stdout: ENOSPC: .*\n {2}remedy: /);
    expect(status).toBe(1);
  });
});
