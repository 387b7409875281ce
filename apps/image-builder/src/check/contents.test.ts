import { join } from 'node:path';
import { type Layout, walkLayout } from '@qemu-user-static/oci-image';
import { alterLayout } from '@qemu-user-static/oci-image/testing';
import { beforeAll, beforeEach, expect, test } from 'vitest';
import { altered } from '../testing/alterations.ts';
import { folder, proofFor } from '../testing/builds.ts';
import { buildOneImage, copyOf } from '../testing/one-image.ts';
import { assertContents } from './contents.ts';
import type { Proof } from './proof.ts';

let base: Layout;
beforeAll(async () => {
  base = await buildOneImage();
});

let layout: Layout;
let proof: Proof;
beforeEach(async () => {
  layout = await copyOf(base);
  proof = { ...proofFor(), memory: join(folder, crypto.randomUUID()) };
});

/** How many layers were read. */
const layersRead = async () => {
  const types: string[] = [];
  const { images } = await walkLayout(layout);
  await assertContents(layout, images, proof, ({ type }) => types.push(type));
  return types.filter((type) => type === 'layer-checked').length;
};

test('images of the packages are accepted, and their layers are not read twice', async () => {
  expect(await layersRead()).toBe(3);
  expect(await layersRead()).toBe(0);
});

test('an image with another file is refused, the second time as well', async () => {
  await alterLayout(layout, altered('usr/bin/qemu-arm-static'));
  for (const _ of ['first', 'second'])
    await expect(layersRead()).rejects.toMatchObject({
      code: 'CHECK_FAILED',
      message: expect.stringContaining('usr/bin/qemu-arm-static is not that of qemu-user'),
    });
});
