import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { digestOf } from '@qemu-user-static/oci-image';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type MadeCheckout, madeCheckout } from '../testing/made-checkout.ts';
import { command as mergeCommand } from './merge.ts';

let folder: string;
let checkout: MadeCheckout;
let parts: string[];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'merge-command-'));
  checkout = await madeCheckout(folder);
  parts = [
    await checkout.build('amd64', ['linux/amd64']),
    await checkout.build('others', ['linux/arm64', 'linux/arm/v7']),
  ];
});
afterAll(() => rm(folder, { recursive: true }));

const merge = (output: string, tag: string[] = []) =>
  mergeCommand.run({ layout: parts, platform: [], tag, output: join(folder, output) }, checkout.environment);

const filesIn = async (layout: string) =>
  (await readdir(join(folder, layout), { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name).slice(join(folder, layout).length))
    // The memos that `build` keeps for its next run do not belong to a layout.
    .filter((path) => !path.startsWith('/.memo/'))
    .sort();

describe('layouts of several machines', () => {
  test('become the layout that one machine makes, file by file', async () => {
    await checkout.build('whole');
    await merge('merged');
    expect(await filesIn('merged')).toEqual(await filesIn('whole'));
    const index = (name: string) => readFile(join(folder, name, 'index.json'), 'utf8');
    expect(await index('merged')).toBe(await index('whole'));
  });

  test('again changes nothing, and repairs what was damaged', async () => {
    await merge('again');
    const [blob = ''] = (await filesIn('again')).filter((name) => name.startsWith('/blobs/'));
    await writeFile(join(folder, 'again', blob), 'damaged');
    await merge('again');
    expect(digestOf(await readFile(join(folder, 'again', blob)))).toBe(`sha256:${blob.split('/').at(-1)}`);
  });

  test('of some tags alone', async () => {
    await merge('register', ['register']);
    const { manifests } = JSON.parse(await readFile(join(folder, 'register', 'index.json'), 'utf8')) as {
      manifests: { annotations: Record<string, string> }[];
    };
    expect(manifests.map(({ annotations }) => annotations['org.opencontainers.image.ref.name'])).toEqual([
      'register',
    ]);
  });
});

test('a layer that came damaged is named, and no layout is written', async () => {
  const damaged = await checkout.build('damaged', ['linux/amd64']);
  const blobs = (await filesIn('damaged')).filter((name) => name.startsWith('/blobs/'));
  const sizes = await Promise.all(blobs.map(async (name) => (await stat(join(damaged, name))).size));
  // Layers are larger than any document.
  const layer = blobs[sizes.indexOf(Math.max(...sizes))] ?? '';
  const bytes = await readFile(join(damaged, layer));
  bytes.writeUInt8(bytes.readUInt8(20) ^ 1, 20);
  await writeFile(join(damaged, layer), bytes);
  const output = join(folder, 'from-damaged');
  const merging = mergeCommand.run(
    { layout: [damaged], platform: ['linux/amd64'], tag: [], output },
    checkout.environment,
  );
  await expect(merging).rejects.toMatchObject({
    code: 'CHECK_FAILED',
    message: expect.stringContaining(`blob sha256:${layer.split('/').at(-1)}: wrong digest`),
  });
  expect(await readdir(folder)).not.toContain('from-damaged');
});
