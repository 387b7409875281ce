import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { blobPath } from '@qemu-user-static/oci-image';
import { beforeEach, expect, test } from 'vitest';
import { walkLayout } from '../check/walk-layout.ts';
import { makeSmallLayout } from './testing/small-layout.ts';

const main = new URL('../main.ts', import.meta.url).pathname;

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'export-'));
  await makeSmallLayout(join(folder, 'oci'), ['linux/amd64', 'linux/arm64']);
});

async function call(...args: string[]) {
  const child = spawn(process.execPath, [main, ...args, '--layout', join(folder, 'oci')], {
    env: { ...process.env, DOCKER_HOST: `unix://${folder}/no-engine.sock` },
  });
  const [stdout, stderr, [status]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'exit'),
  ]);
  return { status, stdout, stderr };
}

test('export writes the archive and tells what is in it', async () => {
  const output = join(folder, 'image.tar');
  const { status, stdout } = await call(
    ...['export', '--image', 'all', '--platform', 'arm64', '--output', output, '--json'],
  );
  expect(status).toBe(0);
  expect(JSON.parse(stdout)).toEqual({
    file: output,
    size: (await stat(output)).size,
    name: 'alekitto/qemu-user-static:all',
    platform: 'linux/arm64',
    digest: expect.stringMatching(/^sha256:/),
  });
});

test('export leaves nothing half-written where the layout is damaged', async () => {
  const layout = { folder: join(folder, 'oci') };
  const [image] = (await walkLayout(layout)).images;
  await writeFile(blobPath(layout, image?.layers[0]?.digest ?? 'sha256:'), 'x');
  const { status, stderr } = await call(
    ...['export', '--image', 'all', '--platform', 'amd64', '--output', join(folder, 'image.tar')],
  );
  expect(status).toBe(1);
  expect(stderr).toContain('CHECK_FAILED: blob sha256:');
  expect(await readdir(folder)).toEqual(['oci']);
});

test('load without an engine says so, and what to do', async () => {
  const { status, stderr } = await call('load', '--image', 'one');
  expect(status).toBe(1);
  expect(stderr).toContain('ENGINE_UNREACHABLE: no container engine answers: connect ENOENT');
  expect(stderr).toContain('remedy: Start Docker');
});
