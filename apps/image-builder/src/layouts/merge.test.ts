import { cp, mkdtemp, rm, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { formatLock, parseLock } from '@qemu-user-static/lock';
import { makeEmulators, makeShell } from '@qemu-user-static/lock/testing';
import { blobPath, type Digest, readIndex } from '@qemu-user-static/oci-image';
import { type Alterations, alterLayout, type Json } from '@qemu-user-static/oci-image/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Built, build, type FetchedChannel } from '../build/build.ts';
import { contextOf, type MadeRelease, madeRelease } from '../testing/made-release.ts';
import { lockChannels, proofMade } from '../testing/packages.ts';
import { documentIn, type ImageSet } from './image-set.ts';
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

test('each image says which layer each part of it is, and an index says none', async () => {
  const set = await load(['whole']);
  const digestIn = (tag: string) => set.tags.find((one) => one.tag === tag)?.digest ?? 'sha256:';
  const imageOf = (tag: string) => documentIn(set, digestIn(tag)).image;
  const { register, packages } = whole.channels[0]?.platforms[0] ?? {};
  const arm = packages?.[0].emulators.find(({ guest }) => guest === 'arm');
  const image = imageOf('x86_64-arm');
  expect([image?.channel, image?.platform]).toEqual(['latest', 'linux/amd64']);
  expect(Array.from(image?.layers ?? [], ([part, { digest }]) => [part, digest])).toEqual([
    ['register', register?.[0]?.digest],
    ['emulators', arm?.layer.digest],
    ['licenses', packages?.[0].licenses[0]?.digest],
  ]);
  expect(imageOf('latest')).toBe(undefined);
  const [alone] = documentIn(set, digestIn('register')).needs;
  expect([...(documentIn(set, alone?.digest ?? 'sha256:').image?.layers.keys() ?? [])]).toEqual(['register']);
});

describe('channels, one of which takes guests from another’s package,', () => {
  const ARM = 'linux/arm/v7';
  const platform = async (
    name: 'linux/amd64' | typeof ARM,
    version: string,
    guests: string[],
    packageName?: string,
  ) => ({
    platform: name,
    version,
    emulators: await makeEmulators(name, version, guests, [], packageName),
    shell: await makeShell(name),
  });
  let several: Built;
  let loadSeveral: (...outputs: string[]) => Promise<ImageSet>;
  beforeAll(async () => {
    const { lock: written, fetched } = await lockChannels(
      {
        latest: {
          made: [
            await platform('linux/amd64', '11.1.3', ['aarch64', 'arm']),
            await platform(ARM, '10.2.2', ['arm']),
          ],
          guestsFrom: { [ARM]: ['oldstable', 'stable', 'older'] },
        },
        oldstable: { made: [await platform(ARM, '7.2', ['aarch64', 'arm', 'riscv64'], 'qemu-user-static')] },
        // Newer than the others, so that the images with it are newer than those with the others alone.
        stable: {
          made: [
            {
              ...(await platform(ARM, '10.0.2', ['aarch64', 'arm', 's390x'], 'qemu-user-stable')),
              released: '2026-11-09T08:00:00Z',
            },
          ],
        },
        // Nothing in it is new to latest.
        older: { made: [await platform(ARM, '5.2', ['arm'], 'qemu-user-older')] },
      },
      folder,
    );
    const lock = parseLock(formatLock(written));
    const context = (output: string) => ({
      ...contextOf(join(folder, output)),
      compressions: ['gzip'] as const,
    });
    several = await build(lock, fetched, context('several'));
    for (const one of fetched) await build(lock, [one], context(one.channel));
    const { template, script } = made.proof;
    loadSeveral = (...outputs) =>
      loadImages(
        outputs.map((output) => join(folder, output)),
        proofMade(lock, template, script, folder),
        [],
        contextOf(''),
      );
  });

  test('are those that were built', async () => {
    expect(digestsOf(await loadSeveral('several'))).toEqual(digestsBuilt(several));
  });

  test('may be in layouts of their own', async () => {
    expect(digestsOf(await loadSeveral('oldstable', 'latest', 'older', 'stable'))).toEqual(
      digestsBuilt(several),
    );
  });

  test('need not all be there', async () => {
    const { tags } = await loadSeveral('latest');
    expect(inOrder(tags)).toEqual(
      digestsBuilt({ ...several, tags: several.tags.filter(({ channel }) => channel === 'latest') }),
    );
  });
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

  test('a platform that the lock does not have', async () => {
    const lock = structuredClone(made.lock);
    delete (lock.channels.latest as Json).platforms['linux/arm/v7'];
    const loading = loadImages([join(folder, 'whole')], { ...made.proof, lock }, [], contextOf(''));
    await expect(loading).rejects.toMatchObject({
      code: 'LAYOUTS_DIFFER',
      message: expect.stringContaining('latest has linux/arm/v7, which the lock does not have'),
    });
  });

  const nameOf = ({ annotations }: Json): string => annotations['org.opencontainers.image.ref.name'];
  const tagsBut = (left: RegExp): Alterations => ({
    top: ({ manifests, ...rest }) => ({
      ...rest,
      manifests: manifests.filter((one: Json) => !left.test(nameOf(one))),
    }),
  });
  const withForeignTag: Alterations = {
    top: ({ manifests, ...rest }) => {
      const one = manifests.find((tag: Json) => nameOf(tag) === 'latest');
      const annotations = { ...one.annotations, 'org.opencontainers.image.ref.name': 'newest' };
      return { ...rest, manifests: [...manifests, { ...one, annotations }] };
    },
  };
  const historyAs = (change: (steps: Json[]) => Json[]): Alterations => ({
    config: ({ history, ...rest }) => ({ ...rest, history: change(history) }),
  });
  const others = 'was not made by this Dockerfile.template';
  test.each<[string, Alterations, string]>([
    ['without tags', tagsBut(/./), 'none has a tag that is a channel of the lock'],
    ['with a tag that is not of the lock', withForeignTag, 'altered: tag newest is not one of this lock'],
    ['without an image that the others make', tagsBut(/^register/), 'no layout has the image sha256:'],
    [
      'without the images of the common guests',
      tagsBut(/^common/),
      'for linux/amd64 does not have every layer in every compression',
    ],
    [
      'whose images have no time',
      { config: ({ created: _, ...rest }) => rest },
      'latest for linux/amd64 does not say when it was created',
    ],
    ['whose images have no history', historyAs(() => []), others],
    [
      'whose images have another history',
      historyAs(([first, ...more]) => [{ ...first, created_by: 'COPY evil /' }, ...more]),
      others,
    ],
    [
      'whose images have one layer more',
      {
        config: ({ history, rootfs, ...rest }) => ({
          ...rest,
          history: [...history, history[0]],
          rootfs: { ...rootfs, diff_ids: [...rootfs.diff_ids, rootfs.diff_ids[0]] },
        }),
        manifest: ({ layers, ...rest }) => ({ ...rest, layers: [...layers, layers[0]] }),
      },
      others,
    ],
    [
      'whose images lack their licences',
      {
        config: ({ history, rootfs, ...rest }) => ({
          ...rest,
          history: history.slice(0, 2),
          rootfs: { ...rootfs, diff_ids: rootfs.diff_ids.slice(0, 2) },
        }),
        manifest: ({ layers, ...rest }) => ({ ...rest, layers: layers.slice(0, 2) }),
      },
      'latest for linux/amd64 does not have every layer in every compression',
    ],
    [
      'whose images run something else',
      { config: ({ config, ...rest }) => ({ ...rest, config: { ...config, Cmd: ['/evil'] } }) },
      'for linux/amd64 is another',
    ],
  ])('a layout %s', async (_, alterations, words) => {
    const altered = join(folder, 'altered');
    await cp(join(folder, 'amd64'), altered, { recursive: true });
    await alterLayout({ folder: altered }, alterations);
    try {
      await expect(load(['altered'], ['linux/amd64'])).rejects.toMatchObject({
        code: 'LAYOUTS_DIFFER',
        message: expect.stringContaining(words),
      });
    } finally {
      await rm(altered, { recursive: true });
    }
  });

  test('a foreign tag of which one platform alone is wanted', async () => {
    const altered = join(folder, 'foreign-tag');
    await cp(join(folder, 'whole'), altered, { recursive: true });
    await alterLayout({ folder: altered }, withForeignTag);
    await expect(load(['foreign-tag'], ['linux/amd64'])).rejects.toMatchObject({
      message: expect.stringContaining('foreign-tag: tag newest is not one of this lock'),
    });
  });

  test('a layout with a damaged document', async () => {
    const altered = join(folder, 'damaged');
    await cp(join(folder, 'amd64'), altered, { recursive: true });
    const [first] = (await readIndex({ folder: altered })).manifests;
    await truncate(blobPath({ folder: altered }, first?.digest ?? 'sha256:'), 5);
    await expect(load(['damaged'], ['linux/amd64'])).rejects.toMatchObject({
      code: 'BLOB_DAMAGED',
      message: expect.stringContaining(`${first?.digest}`),
    });
  });

  test('a folder that is not a layout', async () => {
    await expect(load(['nowhere'])).rejects.toMatchObject({ code: 'LAYOUT_INVALID' });
  });

  test('a layout whose blobs are cut or gone', async () => {
    const { layout, channels } = await buildOf('cut', ['linux/arm64']);
    const layer = channels[0]?.platforms[0]?.sets.all.all.joined[0]?.digest ?? 'sha256:';
    await truncate(blobPath(layout, layer), 5);
    await expect(load(['amd64', 'armv7', 'cut'])).rejects.toMatchObject({
      code: 'BLOB_DAMAGED',
      message: expect.stringMatching(new RegExp(`cut: blob ${layer} has 5 bytes, not \\d+$`)),
    });
    await rm(blobPath(layout, layer));
    await expect(load(['amd64', 'armv7', 'cut'])).rejects.toMatchObject({
      code: 'BLOB_MISSING',
      message: expect.stringContaining(`cut does not have blob ${layer}`),
    });
  });
});
