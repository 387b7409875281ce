import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { blobPath, type Layout } from '@qemu-user-static/oci-image';
import { alterLayout, type Json, makeSmallLayout } from '@qemu-user-static/oci-image/testing';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { platformName } from '../images/platforms.ts';
import { readImage } from './read-image.ts';

let folder: string;
let layout: Layout;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'read-image-'));
  layout = await makeSmallLayout(join(folder, 'oci'), [
    { os: 'linux', architecture: 'amd64' },
    { os: 'linux', architecture: 'arm', variant: 'v7' },
  ]);
});
afterEach(() => rm(folder, { recursive: true }));

const named = (descriptor: Json, tag: string): Json => ({
  ...descriptor,
  annotations: { 'org.opencontainers.image.ref.name': tag },
});

describe('the image of a tag', () => {
  const choose = async (...[tag, platform]: [string, Parameters<typeof readImage>[2]]) =>
    platformName((await readImage(layout, tag, platform)).config);

  test('is that of the platform', async () => {
    expect(await choose('all', 'linux/arm/v7')).toBe('linux/arm/v7');
    expect(await choose('all', 'linux/amd64')).toBe('linux/amd64');
  });

  test('is the only one it has, on any machine', async () => {
    expect(await choose('one', 'linux/s390x')).toBe('linux/amd64');
    expect(await choose('one', null)).toBe('linux/amd64');
  });

  test('is an error for an unknown name', async () => {
    await expect(choose('al', 'linux/amd64')).rejects.toMatchObject({
      code: 'IMAGE_UNKNOWN',
      message: expect.stringMatching(/ has no tag "al"; did you mean "all"\?$/),
    });
    await expect(choose('nothing-like-it', 'linux/amd64')).rejects.toMatchObject({
      message: expect.stringMatching(/; images: all, one$/),
    });
    await expect(choose('all', 'linux/s390x')).rejects.toMatchObject({
      code: 'PLATFORM_NOT_IN_LAYOUT',
      message: '"all" has no linux/s390x, but linux/amd64, linux/arm/v7',
    });
    await expect(choose('all', null)).rejects.toMatchObject({
      code: 'PLATFORM_NOT_IN_LAYOUT',
      message: 'this machine is not a known host platform; images: linux/amd64, linux/arm/v7',
    });
  });

  test('may be one of several, of which those in one compression alone are not named', async () => {
    await alterLayout(layout, {
      top: ({ manifests: [all, one], ...rest }) => ({
        ...rest,
        manifests: [all, one, named(one, 'all-zstd')],
      }),
    });
    await expect(choose('nothing-like-it', 'linux/amd64')).rejects.toMatchObject({
      message: expect.stringMatching(/; images: all, one$/),
    });
  });

  test('is not there for a platform, and those that are there are named once', async () => {
    // Its files name the platform as it is written here, so the two images differ.
    layout = await makeSmallLayout(join(folder, 'twice'), [
      { os: 'linux', architecture: 'amd64' },
      { architecture: 'amd64', os: 'linux' },
      { os: 'linux', architecture: 'arm', variant: 'v7' },
    ]);
    await expect(choose('all', 'linux/s390x')).rejects.toMatchObject({
      message: '"all" has no linux/s390x, but linux/amd64, linux/arm/v7',
    });
  });

  test('is not there where the tag lists none', async () => {
    await alterLayout(layout, { index: (index) => ({ ...index, manifests: [] }) });
    await expect(choose('all', 'linux/amd64')).rejects.toMatchObject({ code: 'PLATFORM_NOT_IN_LAYOUT' });
  });
});

test('a damaged image hinders those who ask for a tag that has it, and no one else', async () => {
  const arm = await readImage(layout, 'all', 'linux/arm/v7');
  await writeFile(blobPath(layout, arm.manifest.digest), '{}');
  await expect(readImage(layout, 'all', 'linux/amd64')).rejects.toMatchObject({ code: 'CHECK_FAILED' });
  expect(platformName((await readImage(layout, 'one', null)).config)).toBe('linux/amd64');
});
