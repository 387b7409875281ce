import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { blobPath, walkLayout } from '@qemu-user-static/oci-image';
import { makeSmallLayout } from '@qemu-user-static/oci-image/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { callMain } from '../testing/main.ts';
import { repositoryAddress } from './repository.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'export-'));
  await makeSmallLayout(join(folder, 'oci'), [
    { os: 'linux', architecture: 'amd64' },
    { os: 'linux', architecture: 'arm64' },
  ]);
});
afterEach(() => rm(folder, { recursive: true }));

const call = (...args: string[]) =>
  callMain([...args, '--layout', join(folder, 'oci')], { DOCKER_HOST: `unix://${folder}/no-engine.sock` });

test('export writes the archive and reports what is in it', async () => {
  const output = join(folder, 'image.tar');
  const own = new URL(await repositoryAddress(resolve(import.meta.dirname, '../../../../package.json')));
  const { status, stdout } = await call(
    ...['export', '--image', 'all', '--platform', 'arm64', '--output', output, '--json'],
  );
  expect(status).toBe(0);
  expect(JSON.parse(stdout)).toEqual({
    schemaVersion: 1,
    file: output,
    size: (await stat(output)).size,
    name: `${own.pathname.slice(1).toLowerCase()}:all`,
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
  expect(stderr).toContain('BLOB_DAMAGED: ');
  expect(await readdir(folder)).toEqual(['oci']);
});

test('load without an engine says so, and what to do', async () => {
  const { status, stderr } = await call('load', '--image', 'one');
  expect(status).toBe(1);
  expect(stderr).toContain('ENGINE_UNREACHABLE: no container engine answers: connect ENOENT');
  expect(stderr).toContain('remedy: Start Docker');
});

test('--image says nothing to a build without an engine, and an engine makes no layout', async () => {
  const image = await callMain(['build', '--image', 'arm']);
  expect([image.status, image.stderr]).toEqual([
    2,
    expect.stringContaining('USAGE: --image and --name go with --builder docker'),
  ]);
  const output = await callMain(['build', '--builder', 'docker', '--layout', folder]);
  expect([output.status, output.stderr]).toEqual([
    2,
    expect.stringContaining("cannot be used with option '-l, --layout"),
  ]);
});
