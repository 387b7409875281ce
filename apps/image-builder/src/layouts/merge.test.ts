import { mkdtemp, rm, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { blobPath, type Digest } from '@qemu-user-static/oci-image';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Built, build, type FetchedChannel } from '../build/build.ts';
import { contextOf, type MadeRelease, madeRelease } from '../testing/made-release.ts';
import type { ImageSet } from './image-set.ts';
import { loadImages } from './load.ts';

const folder = await mkdtemp(join(tmpdir(), 'merge-'));
afterAll(() => rm(folder, { recursive: true, force: true }));
let made: MadeRelease;
let whole: Built;

/** A layout of some of the platforms, as another machine would make it. */
const buildOf = (output: string, wanted: readonly string[], change = {}) =>
  build(
    made.lock,
    made.fetched.map(({ channel, platforms }) => ({
      channel,
      platforms: platforms.filter(({ platform }) => wanted.includes(platform)),
    })) satisfies FetchedChannel[],
    { ...contextOf(join(folder, output)), ...change },
  );
const load = (outputs: readonly string[], platforms: Parameters<typeof loadImages>[2] = []) =>
  loadImages(
    outputs.map((output) => join(folder, output)),
    made.proof,
    platforms,
    contextOf(''),
  );
const inOrder = (tags: readonly { tag: string; digest: Digest }[]) =>
  Object.fromEntries(tags.map(({ tag, digest }) => [tag, digest]).sort());
const digestsOf = ({ tags }: ImageSet) => inOrder(tags);
const digestsBuilt = ({ tags }: Built) =>
  inOrder(tags.map(({ plan, descriptor }) => ({ tag: plan.tag, digest: descriptor.digest })));

beforeAll(async () => {
  made = await madeRelease(folder);
  whole = await build(made.lock, made.fetched, contextOf(join(folder, 'whole')));
  await buildOf('amd64', ['linux/amd64']);
  await buildOf('arm64', ['linux/arm64']);
  await buildOf('armv7', ['linux/arm/v7']);
});

describe('layouts of one platform each, merged', () => {
  test('give every tag of the whole, digest for digest, in any order', async () => {
    const merged = await load(['armv7', 'amd64', 'arm64']);
    expect(digestsOf(merged)).toEqual(digestsBuilt(whole));
    expect(digestsOf(await load(['arm64', 'armv7', 'amd64']))).toEqual(digestsOf(merged));
  });

  test('leave each blob where it is', async () => {
    const merged = await load(['amd64', 'arm64', 'armv7']);
    const folders = new Set(Array.from(merged.layoutOf.values(), (layout) => layout.folder));
    expect([...folders].sort()).toEqual(['amd64', 'arm64', 'armv7'].map((name) => join(folder, name)));
  });

  test('may overlap', async () => {
    await buildOf('both', ['linux/amd64', 'linux/arm64']);
    expect(digestsOf(await load(['both', 'armv7', 'arm64']))).toEqual(digestsBuilt(whole));
  });
});

test('one whole layout is itself, its tags, platforms and what never moves', async () => {
  const set = await load(['whole']);
  expect(digestsOf(set)).toEqual(digestsBuilt(whole));
  expect(
    set.tags
      .filter(({ immutable }) => immutable)
      .map(({ tag }) => tag)
      .sort(),
  ).toEqual([
    ...['10.2.2-1', '10.2.2-1-gzip', '10.2.2-1-zstd', '11.1.3-1', '11.1.3-1-gzip', '11.1.3-1-zstd'],
    ...['aarch64-11.1.3-1', 'aarch64-aarch64-11.1.3-1', 'aarch64-arm-11.1.3-1'],
    ...['arm-10.2.2-1', 'arm-11.1.3-1', 'armv7l-arm-10.2.2-1'],
    ...['common-11.1.3-1', 'common-11.1.3-1-gzip', 'common-11.1.3-1-zstd'],
    ...['register-10.2.2-1', 'register-11.1.3-1'],
    ...['x86_64-aarch64-11.1.3-1', 'x86_64-arm-11.1.3-1'],
  ]);
});

test('layers that were compared once are not read again, and no more than the platforms that are wanted', async () => {
  const memory = join(folder, 'memory');
  const read = async (platforms: Parameters<typeof loadImages>[2]) => {
    const events: string[] = [];
    const context = { ...contextOf(''), onEvent: ({ type }: { type: string }) => events.push(type) };
    await loadImages([join(folder, 'whole')], { ...made.proof, memory }, platforms, context);
    return events.filter((type) => type === 'layer-checked').length;
  };
  const first = await read(['linux/amd64']);
  expect(first).toBeGreaterThan(0);
  expect(await read(['linux/amd64'])).toBe(0);
  expect(await read([])).toBeGreaterThan(first);
  expect(await read([])).toBe(0);
});

describe('what does not belong together is refused:', () => {
  test('a platform of the lock that no layout has', async () => {
    await expect(load(['amd64', 'arm64'])).rejects.toMatchObject({
      code: 'PLATFORMS_MISSING',
      message: 'no layout has latest for linux/arm/v7',
    });
  });

  test('unless it is not wanted', async () => {
    const set = await load(['amd64', 'arm64'], ['linux/amd64']);
    expect(set.tags.find(({ tag }) => tag === 'latest')?.platforms).toEqual(['linux/amd64']);
    expect(digestsOf(set)).toEqual(digestsBuilt(await buildOf('amd64', ['linux/amd64'])));
  });

  test('a layout of another commit', async () => {
    const origin = { ...contextOf('').origin, inputsOf: () => 'b'.repeat(64) };
    await buildOf('foreign', ['linux/arm64'], { origin });
    await expect(load(['amd64', 'armv7', 'foreign'])).rejects.toMatchObject({ code: 'LAYOUTS_DIFFER' });
  });

  test('two layouts with another image for one platform', async () => {
    await buildOf('dated', ['linux/arm64'], { sourceDateEpoch: 1_000_000_000 });
    await expect(load(['amd64', 'armv7', 'arm64', 'dated'])).rejects.toMatchObject({
      code: 'LAYOUTS_DIFFER',
      message: expect.stringContaining('for linux/arm64 is another'),
    });
  });

  test('a layout without zstd beside others with it', async () => {
    await buildOf('plain', ['linux/arm64'], { compressions: ['gzip'] });
    await expect(load(['amd64', 'armv7', 'plain'])).rejects.toMatchObject({
      code: 'LAYOUTS_DIFFER',
      message: expect.stringContaining('in gzip alone'),
    });
  });

  test('a folder that is not a layout', async () => {
    await expect(load(['nowhere'])).rejects.toMatchObject({ code: 'LAYOUT_INVALID' });
  });

  test('a layout whose blobs are cut or gone', async () => {
    const { layout, channels } = await buildOf('cut', ['linux/arm64']);
    const layer = channels[0]?.platforms[0]?.sets.all.all.joined[0]?.digest ?? 'sha256:';
    await truncate(blobPath(layout, layer), 5);
    await expect(load(['amd64', 'armv7', 'cut'])).rejects.toMatchObject({ code: 'BLOB_DAMAGED' });
    await rm(blobPath(layout, layer));
    await expect(load(['amd64', 'armv7', 'cut'])).rejects.toMatchObject({ code: 'BLOB_MISSING' });
  });
});
