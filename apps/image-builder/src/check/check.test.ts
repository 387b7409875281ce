import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeEmulators, makeShell } from '@qemu-user-static/lock/testing';
import { blobPath, type Layout, walkLayout } from '@qemu-user-static/oci-image';
import { alterLayout } from '@qemu-user-static/oci-image/testing';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { build } from '../build/build.ts';
import type { BuilderEvent } from '../report/events.ts';
import { altered } from '../testing/alterations.ts';
import { contextFor, fetched, folder, lock, proofFor, silent } from '../testing/builds.ts';
import { buildOneImage, copyOf } from '../testing/one-image.ts';
import { lockMade } from '../testing/packages.ts';
import { check } from './check.ts';

const EMULATOR = 'usr/bin/qemu-arm-static';

let base: Layout;
beforeAll(async () => {
  base = await buildOneImage();
});

const proof = proofFor();
let layout: Layout;
beforeEach(async () => {
  layout = await copyOf(base);
});

test('a sound layout is proven: every tag, image, layer and byte of it', async () => {
  const report = await check(layout, proof, silent);
  const { tags } = await walkLayout(layout);
  const layers = tags.flatMap(({ images }) => images).flatMap((one) => one.layers);
  const bytes = layers.reduce((sum, { size }) => sum + size, 0);
  const ran = process.arch === 'x64' ? { platform: 'linux/amd64', emulators: 2 } : null;
  expect(report).toEqual({ tags: 1, images: 1, layers: 3, bytes, ran });
});

test('of a layout without images for this machine, no emulator is run', async () => {
  const other = process.arch === 'arm64' ? 'linux/amd64' : 'linux/arm64';
  const platforms = fetched.map(({ channel, platforms }) => ({
    channel,
    platforms: platforms.filter(({ platform }) => platform === other),
  }));
  const { layout: foreign } = await build(lock, platforms, contextFor('foreign', { compressions: ['gzip'] }));
  expect(await check(foreign, proof, silent)).toMatchObject({ ran: null });
});

test('a layout with both compressions, and zstd a second time for some clients, is proven', async () => {
  const { layout: whole } = await build(lock, fetched, contextFor('both'));
  const { tags } = await walkLayout(whole);
  const latest = tags.find((one) => one.tag === 'latest');
  expect(latest?.entries.length).toBeGreaterThan(latest?.images.length ?? 0);
  expect(await check(whole, proof, silent)).toMatchObject({ tags: tags.length });
});

describe('what an earlier check found', () => {
  const again = { ...silent, afresh: false };
  let remembering = proof;
  beforeEach(() => {
    remembering = { ...proof, memory: join(folder, crypto.randomUUID()) };
  });
  const layersRead = async (context: Parameters<typeof check>[2]) => {
    const read: string[] = [];
    await check(layout, remembering, { ...context, onEvent: ({ type }) => read.push(type) });
    return [
      read.filter((type) => type === 'layer-checked').length,
      read.filter((type) => type === 'emulator-ran').length,
    ];
  };

  test('is not read again, unless afresh is set', async () => {
    const emulators = process.arch === 'x64' ? 2 : 0;
    expect(await layersRead(again)).toEqual([3, emulators]);
    expect(await layersRead(again)).toEqual([0, 0]);
    expect(await layersRead(silent)).toEqual([3, emulators]);
  });

  test('holds for the same layers elsewhere', async () => {
    await layersRead(again);
    const moved = join(folder, crypto.randomUUID());
    await cp(layout.folder, moved, { recursive: true });
    layout = { folder: moved };
    expect(await layersRead(again)).toEqual([0, 0]);
  });

  test('does not excuse a layer that was altered since', async () => {
    await check(layout, remembering, again);
    await alterLayout(layout, altered(EMULATOR));
    await expect(check(layout, remembering, again)).rejects.toThrow(`${EMULATOR} is not that of qemu-user`);
  });

  test('counts for nothing where it lies in the layout', async () => {
    await check(layout, remembering, again);
    for (const place of ['.memo', 'checked'])
      await cp(join(remembering.memory, 'checked'), join(layout.folder, place), { recursive: true });
    remembering = { ...proof, memory: join(folder, crypto.randomUUID()) };
    expect((await layersRead(again))[0]).toBe(3);
  });
});

test('blobs that were hashed a moment ago are not hashed again', async () => {
  const { images } = await walkLayout(layout);
  const digests = images.flatMap(({ layers }) => layers.map(({ digest }) => digest));
  await check(layout, proof, { ...silent, afresh: false });
  const path = blobPath(layout, digests[0] ?? 'sha256:');
  const bytes = await readFile(path);
  await writeFile(path, Buffer.alloc(bytes.length));
  const context = { ...silent, afresh: false, hashed: new Set(digests) };
  expect(await check(layout, proof, context)).toMatchObject({ layers: 3 });
  await expect(check(layout, proof, { ...context, hashed: new Set() })).rejects.toThrow('wrong digest');
});

test('what is to be read and run is reported before, with its bytes, and each as it is done', async () => {
  const { images } = await walkLayout(layout);
  const layers = images.flatMap((one) => one.layers);
  const events: BuilderEvent[] = [];
  const onEvent = (event: BuilderEvent) => events.push(event);
  await check(layout, { ...proof, memory: join(folder, crypto.randomUUID()) }, { ...silent, onEvent });
  const bytes = layers.reduce((sum, { size }) => sum + size, 0);
  expect(events.slice(0, 1)).toEqual([{ type: 'expected', unit: 'layers', count: 3, bytes }]);
  const read = events
    .slice(1, 4)
    .map((event) => (event.type === 'layer-checked' ? [event.digest, event.size] : []));
  expect(read.sort()).toEqual(layers.map(({ digest, size }) => [digest, size]).sort());
  const runs = [
    { type: 'expected', unit: 'emulators', count: 2 },
    { type: 'emulator-ran' },
    { type: 'emulator-ran' },
  ];
  expect(events.slice(4)).toEqual(process.arch === 'x64' ? runs : []);
});

test.skipIf(process.arch !== 'x64')(
  'an emulator that prints another version is reported (x86_64)',
  async () => {
    const emulators = await makeEmulators('linux/amd64', '9.9.9', ['arm']);
    const made = {
      platform: 'linux/amd64',
      version: '11.1.3',
      emulators,
      shell: await makeShell('linux/amd64'),
    } as const;
    const other = await lockMade('latest', [made], folder);
    const built = await build(other.lock, other.fetched, contextFor('version'));
    await expect(check(built.layout, proofFor(other.lock), silent)).rejects.toThrow(
      'usr/bin/qemu-arm-static of linux/amd64: it prints "qemu-arm version 9.9.9',
    );
  },
);
