import { execFileSync, spawnSync } from 'node:child_process';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isMainThread } from 'node:worker_threads';
import type { Compression } from '@qemu-user-static/compression';
import {
  blobPath,
  type Descriptor,
  type Digest,
  readIndex,
  readLayer,
  walkLayout,
} from '@qemu-user-static/oci-image';
import { beforeAll, describe, expect, test } from 'vitest';
import { check } from '../check/check.ts';
import { summarize } from '../release/summary.ts';
import { contextFor, digests, events, fetched, folder, lock, proofFor, silent } from '../testing/builds.ts';
import { type Built, build } from './build.ts';

const hasZstd = spawnSync('zstd', ['--version']).status === 0;

async function manifestsOf(built: Built, tag: string): Promise<Descriptor[]> {
  const found = built.tags.find(({ plan }) => plan.tag === tag);
  if (found === undefined) throw new Error(`no tag ${tag}`);
  return JSON.parse(await readFile(blobPath(built.layout, found.descriptor.digest), 'utf8')).manifests;
}

describe('a build', () => {
  let built: Built;
  beforeAll(async () => {
    built = await build(lock, fetched, contextFor('oci'));
  });

  test('names every tag in index.json', async () => {
    const index = await readIndex(built.layout);
    const names = index.manifests.map(
      ({ annotations }) => annotations?.['org.opencontainers.image.ref.name'],
    );
    expect(names).toEqual(
      expect.arrayContaining([
        'latest',
        'latest-gzip',
        'latest-zstd',
        'common',
        'common-zstd',
        'common-11.1.3-1-gzip',
        'register',
        'aarch64',
        'x86_64-aarch64',
        '11.1.3',
        '11.1.3-1',
        '10.2.2',
        'armv7l-arm',
        'armv7l-arm-10.2.2-1',
      ]),
    );
    expect(names).toEqual([...names].sort());
  });

  /** `amd64/v2 zstd true`: an index's entries by platform, what their layers are, and the annotation. */
  const listed = async (tag: string) => {
    const images = new Map((await imagesOf(tag)).map((image) => [image.manifest.digest, image]));
    return (await manifestsOf(built, tag)).map(({ digest, platform, annotations }) => {
      const { architecture, variant } = platform ?? {};
      const hint = annotations?.['io.github.containers.compression.zstd'];
      return [
        variant === undefined ? architecture : `${architecture}/${variant}`,
        ...new Set(images.get(digest)?.layers.map(({ compression }) => compression)),
        ...(hint === undefined ? [] : [hint]),
      ].join(' ');
    });
  };

  test.each(['latest', '10.2.2-1', '11.1'])(
    'lists both compressions for clients to choose: %s',
    async (tag) => {
      const arm = ['arm/v7 gzip', 'arm/v7 zstd true'];
      const others = [
        ...['amd64 gzip', 'amd64 zstd true', 'amd64/v2 zstd true'],
        ...['arm64/v8.0 zstd true', 'arm64 gzip', 'arm64 zstd true'],
      ];
      const expected = { latest: [...others, ...arm], '10.2.2-1': arm, '11.1': others }[tag];
      expect(await listed(tag)).toEqual(expected);
    },
  );

  test('has tags that list one compression alone; zstd is annotated there too', async () => {
    expect(await listed('latest-gzip')).toEqual(['amd64 gzip', 'arm64 gzip', 'arm/v7 gzip']);
    expect(await listed('latest-zstd')).toEqual(['amd64 zstd true', 'arm64 zstd true', 'arm/v7 zstd true']);
  });

  test('lists a manifest for several platforms whose config has no variant', async () => {
    const images = await imagesOf('latest');
    expect(images).toHaveLength(6);
    expect(images.map(({ config }) => config.variant ?? '')).toEqual(['', '', '', '', 'v7', 'v7']);
  });

  test('leaves out what the table does not have, and says so in the summary', async () => {
    const report = await check(built.layout, proofFor(), silent);
    const { notes, platforms } = summarize(lock, built, report, []);
    expect(platforms[0]?.guests).toEqual(['aarch64', 'arm']);
    expect(notes).toEqual([
      'linux/amd64: left out, for the table does not have them: usr/bin/qemu-cris',
      'linux/arm/v7 has QEMU 10.2.2, the newest that Debian sid has for it: it is in latest and 10.2.2, not in 11.1.3',
      'linux/arm/v7 has 1 guests; Debian’s package for it lacks aarch64',
    ]);
  });

  /** The names in a layer of `latest` for the first platform, by the programs that people would read it with. */
  async function namesIn(compression: Compression, layer: number): Promise<string[]> {
    const [gzip, zstd] = await imagesOf('latest');
    return namesOf((compression === 'gzip' ? gzip : zstd)?.layers[layer]?.digest, compression);
  }
  async function namesOf(digest: Digest | undefined, compression: Compression): Promise<string[]> {
    if (digest === undefined) throw new Error('no such layer');
    const read = ['-c', `${compression} -dc < "$0" | tar -t`, blobPath(built.layout, digest)];
    return execFileSync('sh', read).toString().trim().split('\n');
  }
  const imagesOf = async (sought: string) =>
    (await walkLayout(built.layout)).tags.find(({ tag }) => tag === sought)?.images ?? [];

  test('puts the same files into gzip and zstd, the former readable by other tools', async () => {
    expect(await namesIn('gzip', 1)).toEqual([
      'usr/',
      'usr/bin/',
      // Each lies after those most like it (build/likeness.ts).
      'usr/bin/qemu-arm-static',
      'usr/bin/qemu-aarch64-static',
    ]);
    expect(await namesIn('gzip', 0)).toEqual([
      'bin/',
      ...['[', '[[', 'ash', 'busybox', 'cat', 'cp', 'env', 'sh', 'sleep', 'tar'].map((name) => `bin/${name}`),
      ...['etc/', 'etc/group', 'etc/passwd', 'qemu-binfmt-conf.sh', 'register', 'tmp/'],
      ...['usr/', 'usr/bin/', 'usr/bin/env'],
      'usr/share/',
      'usr/share/doc/',
      'usr/share/doc/busybox-static/',
      'usr/share/doc/busybox-static/SOURCES',
      'usr/share/doc/busybox-static/copyright',
    ]);
    expect((await namesIn('gzip', 2)).at(-1)).toBe('usr/share/doc/qemu-user/copyright');
    const [gzip, zstd] = await imagesOf('latest');
    expect(zstd?.config.rootfs).toEqual(gzip?.config.rootfs);
  });

  test.skipIf(!hasZstd)('makes zstd layers that other tools read (zstd)', async () => {
    expect(await namesIn('zstd', 1)).toEqual(await namesIn('gzip', 1));
  });

  test('has images of the common guests, with members of one-guest layers and a frame of their own', async () => {
    const [gzip, zstd] = await imagesOf('common');
    const files = ['usr/', 'usr/bin/', 'usr/bin/qemu-aarch64-static'];
    const names = (image: typeof gzip, compression: Compression) =>
      namesOf(image?.layers[1]?.digest, compression);
    expect(await names(gzip, 'gzip')).toEqual(files);
    if (hasZstd) expect(await names(zstd, 'zstd')).toEqual(files);
    expect(gzip?.annotations['io.github.qemu-user-static.guests']).toBe('aarch64');
    expect((await imagesOf('common')).map(({ config }) => config.architecture)).toEqual(
      ['amd64', 'arm64'].flatMap((one) => [one, one]),
    );
    const whole = await readFile(blobPath(built.layout, gzip?.layers[1]?.digest ?? 'sha256:'));
    const alone = built.channels[0]?.platforms[0]?.packages[0].emulators.find(
      ({ guest }) => guest === 'aarch64',
    );
    const single = await readFile(blobPath(built.layout, alone?.layer.digest ?? 'sha256:'));
    const { offset = 0, length = 0 } = alone?.member ?? {};
    expect(length).toBeGreaterThan(0);
    expect(whole.includes(single.subarray(offset, offset + length))).toBe(true);
  });

  test('joins the members of one-guest layers as they are', async () => {
    const images = (await walkLayout(built.layout)).tags;
    const layerOf = (tag: string) =>
      images.find((one) => one.tag === tag)?.images[0]?.layers[1]?.digest ?? 'sha256:';
    const whole = await readFile(blobPath(built.layout, layerOf('latest')));
    for (const { layer, member } of built.channels[0]?.platforms[0]?.packages[0].emulators ?? []) {
      const alone = await readFile(blobPath(built.layout, layer.digest));
      expect(whole.includes(alone.subarray(member.offset, member.offset + member.length))).toBe(true);
    }
  });

  test('describes an image in its labels, and so in its annotations', async () => {
    const image = (await walkLayout(built.layout)).tags.find(({ tag }) => tag === 'armv7l-arm')?.images[0];
    expect(image?.config.config.Labels).toEqual(image?.annotations);
    expect(image?.annotations).toMatchObject({
      'org.opencontainers.image.version': '10.2.2',
      'org.opencontainers.image.created': '2026-10-30T08:08:01Z',
      'org.opencontainers.image.source': 'https://example.org/qemu-user-static',
      'org.opencontainers.image.base.name': 'scratch',
      'io.github.qemu-user-static.debian-version': '1:10.2.2+ds-1',
      'io.github.qemu-user-static.guests': 'arm',
      'io.github.qemu-user-static.inputs': 'a'.repeat(64),
    });
  });

  test('gives the same digests again, elsewhere, under another umask', async () => {
    // A thread cannot set it: tests of mutants run in threads.
    const before = isMainThread ? process.umask(0o077) : undefined;
    const again = await build(lock, fetched, contextFor('elsewhere'));
    if (before !== undefined) process.umask(before);
    expect(digests(again)).toEqual(digests(built));
  });

  test('reuses the layers of the last one, and changes nothing', async () => {
    const index = await stat(join(folder, 'oci', 'index.json'));
    const blobs = await readdir(join(folder, 'oci', 'blobs', 'sha256'));
    events.length = 0;
    const again = await build(lock, fetched, contextFor('oci'));
    expect(events.filter(({ type }) => type === 'layers-reused')).toHaveLength(3);
    expect(events.filter(({ type }) => type === 'emulator-done')).toEqual([]);
    expect(digests(again)).toEqual(digests(built));
    expect(await readdir(join(folder, 'oci', 'blobs', 'sha256'))).toEqual(blobs);
    expect(index.size).toBe((await stat(join(folder, 'oci', 'index.json'))).size);
  });

  test('takes its time from SOURCE_DATE_EPOCH where that is set', async () => {
    const dated = await build(lock, fetched, contextFor('dated', { sourceDateEpoch: 1_000_000_000 }));
    const image = (await walkLayout(dated.layout)).images[0];
    expect(image?.annotations['org.opencontainers.image.created']).toBe('2001-09-09T01:46:40Z');
    expect(digests(dated)).not.toEqual(digests(built));
  });

  test('can do without zstd', async () => {
    const plain = await build(lock, fetched, contextFor('plain', { compressions: ['gzip'] }));
    expect(await manifestsOf(plain, 'latest')).toHaveLength(3);
    expect(plain.tags.filter(({ plan }) => plan.tag.endsWith('-zstd'))).toEqual([]);
  });

  test('of one platform makes the same manifest as that of all', async () => {
    const [channel] = fetched;
    const alone = await build(
      lock,
      [{ channel: 'latest', platforms: channel?.platforms.slice(1, 2) ?? [] }],
      contextFor('alone'),
    );
    const tag = (one: Built) => digests(one).find((line) => line.startsWith('aarch64-arm '));
    expect(tag(alone)).toBe(tag(built));
  });
});

test('the largest package is begun first, and platforms keep the order in which they came', async () => {
  const [channel] = fetched;
  const platforms = [...(channel?.platforms ?? [])].sort(
    (a, b) => a.locked.emulators.size - b.locked.emulators.size,
  );
  expect(platforms[0]?.locked.emulators.size).toBeLessThan(platforms.at(-1)?.locked.emulators.size ?? 0);
  events.length = 0;
  const { channels } = await build(
    lock,
    [{ channel: 'latest', platforms }],
    contextFor('ordered', { compressions: ['gzip'] }),
  );
  const begun = events.flatMap((event) => (event.type === 'emulator-done' ? [event.platform] : []));
  const names = platforms.map(({ platform }) => platform);
  expect([...new Set(begun)]).toEqual([...names].reverse());
  expect(channels[0]?.platforms.map(({ platform }) => platform)).toEqual(names);
});

/** The platforms in the order of their packages' sizes, each with what happens before its package is read. */
const readAfter = (before: (platform: string) => Promise<unknown>) => [
  {
    channel: 'latest',
    platforms: (fetched[0]?.platforms ?? []).map((one) => ({
      ...one,
      packages: one.packages.map((own) => ({
        ...own,
        deb: async () => {
          await before(one.platform);
          return own.deb();
        },
      })),
    })),
  },
];

test('without zstd one thing is done at a time: layers are joined once all packages are read', async () => {
  events.length = 0;
  await build(lock, fetched, contextFor('in-turn', { compressions: ['gzip'] }));
  const types = events.map(({ type }) => type);
  expect(types.lastIndexOf('emulator-done')).toBeLessThan(types.indexOf('layers-joined'));
  expect(types.filter((type) => type === 'layers-joined').length).toBeGreaterThan(3);
});

test('with zstd the next package is read while the layers of the one before are joined', async () => {
  const begun: string[] = [];
  const { promise: joined, resolve } = Promise.withResolvers<void>();
  // The second waits for the first to be joined.
  const inTurn = readAfter(async (platform) => {
    if (begun.push(platform) === 2) await joined;
  });
  const onEvent = ({ type }: { type: string }) => type === 'layers-joined' && resolve();
  await build(lock, inTurn, contextFor('meanwhile', { onEvent }));
  expect(begun).toHaveLength(3);
});

test('one package is read at a time, and none after one that is damaged', async () => {
  const begun: string[] = [];
  const damaged = readAfter(async (platform) => {
    begun.push(platform);
    await Promise.reject(new Error('damaged'));
  });
  for (const compressions of [['gzip'], ['gzip', 'zstd']] as const)
    await expect(build(lock, damaged, contextFor('none-after', { compressions }))).rejects.toThrow('damaged');
  expect(begun).toEqual(Array(2).fill(begun[0]));
});

test('a platform without a package of emulators ends the build', async () => {
  const none = fetched.map(({ channel, platforms }) => ({
    channel,
    platforms: platforms.slice(0, 1).map((one) => ({ ...one, packages: [] })),
  }));
  await expect(build(lock, none, contextFor('no-package'))).rejects.toThrow(
    'linux/amd64 has no package of emulators',
  );
});

test('a layer is read back with its owner, modes and sizes', async () => {
  const { layout, channels } = await build(lock, fetched, contextFor('read'));
  const register = channels[0]?.platforms[0]?.register[0];
  if (register === undefined) throw new Error('no layer');
  const { entries, diffId } = await readLayer({ layout, digest: register.digest, compression: 'gzip' });
  expect(diffId).toBe(register.diffId);
  expect(entries.find(({ path }) => path === 'tmp')).toMatchObject({
    type: 'directory',
    mode: 0o1777,
    uid: 0,
    gid: 0,
  });
  expect(entries.find(({ path }) => path === 'register')).toMatchObject({ type: 'file', mode: 0o755 });
});
