import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeEmulators, makeShell } from '@qemu-user-static/lock/testing';
import { blobPath, type Layout, walkLayout } from '@qemu-user-static/oci-image';
import { type Alterations, alterLayout, BLOB_DAMAGE, type Json } from '@qemu-user-static/oci-image/testing';
import { type ParsedTarEntryWithData, packTar, unpackTar } from 'modern-tar';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { build } from '../build/build.ts';
import type { BuilderEvent } from '../report/events.ts';
import { contextFor, fetched, folder, lock, proofFor, silent } from '../testing/builds.ts';
import { lockMade } from '../testing/packages.ts';
import { check } from './check.ts';

const GUESTS = 'io.github.qemu-user-static.guests';
const VERSION = 'org.opencontainers.image.version';

let base: Layout;
beforeAll(async () => {
  const amd64 = fetched.map(({ channel, platforms }) => ({
    channel,
    platforms: platforms.filter(({ platform }) => platform === 'linux/amd64'),
  }));
  ({ layout: base } = await build(lock, amd64, contextFor('base', { compressions: ['gzip'] })));
  // One tag with one image: each damage is met once.
  await alterLayout(base, {
    top: ({ manifests, ...rest }) => ({
      ...rest,
      manifests: manifests.filter((one: Json) => tagOf(one) === 'latest'),
    }),
  });
});

const proof = proofFor();
let layout: Layout;
beforeEach(async () => {
  layout = { folder: join(folder, crypto.randomUUID()) };
  await cp(base.folder, layout.folder, { recursive: true });
});

const tagOf = (descriptor: Json) => descriptor.annotations['org.opencontainers.image.ref.name'];
const problemsFound = async () => {
  const error = await check(layout, proof, silent).then(
    () => ({ code: 'CHECK_FAILED', message: '' }),
    (found) => found,
  );
  expect(error).toMatchObject({ code: 'CHECK_FAILED' });
  // Digests differ from case to case.
  const [, ...problems] = error.message
    .replaceAll(/sha256:[0-9a-f]{64}/g, 'DIGEST')
    .replaceAll(/\d{3,} bytes\)/g, 'SIZE bytes)')
    .split('\n  - ');
  return problems;
};

type Entry = ParsedTarEntryWithData;

/** Changes the archives of layers that have the path, as `change` says. */
const inLayerWith = (path: string, change: (entries: Entry[], entry: Entry) => Entry[]): Alterations => ({
  tar: async (archive) => {
    const entries = await unpackTar(archive, { strict: true });
    const entry = entries.find(({ header }) => header.name.replace(/\/$/, '') === path);
    if (entry === undefined) return archive;
    const changed = change(entries, entry);
    return Buffer.from(
      await packTar(changed.map(({ header, data }) => ({ header, ...(data && { body: data }) }))),
    );
  },
});
const changed = (path: string, header: Partial<Entry['header']>, data?: Buffer) =>
  inLayerWith(path, (entries, entry) =>
    entries.map((one) =>
      one === entry
        ? {
            header: { ...one.header, ...header, ...(data && { size: data.length }) },
            ...((data ?? one.data) && { data: (data ?? one.data) as never }),
          }
        : one,
    ),
  );
const altered = (path: string) =>
  inLayerWith(path, (entries, entry) => {
    const data = Buffer.concat([entry.data ?? Buffer.alloc(0), Buffer.from('evil')]);
    return entries.map((one) =>
      one === entry ? { header: { ...one.header, size: data.length }, data: data as never } : one,
    );
  });
const removed = (path: string) =>
  inLayerWith(path, (entries, entry) => entries.filter((one) => one !== entry));
const added = (beside: string, header: Entry['header'], content = 'x') =>
  inLayerWith(beside, (entries) => [
    ...entries,
    { header: { ...header, size: content.length }, data: Buffer.from(content) as never },
  ]);
const file = (name: string) =>
  ({ name, type: 'file', mode: 0o755, uid: 0, gid: 0, size: 0, mtime: new Date(0) }) as const;
const ofIndex = (change: (manifests: Json[]) => Json[]): Alterations => ({
  index: (index) => ({ ...index, manifests: change(index.manifests) }),
});
const labelled = (key: string, value: string): Alterations => ({
  config: (config) => ({
    ...config,
    config: { ...config.config, Labels: { ...config.config.Labels, [key]: value } },
  }),
  manifest: (manifest) => ({ ...manifest, annotations: { ...manifest.annotations, [key]: value } }),
});
const run = (change: Json): Alterations => ({
  config: (config) => ({ ...config, config: { ...config.config, ...change } }),
});
const tagged = (name: string): Alterations => ({
  top: ({ manifests: [one], ...rest }) => ({
    ...rest,
    manifests: [{ ...one, annotations: { ...one.annotations, 'org.opencontainers.image.ref.name': name } }],
  }),
});

const image = (problem: string) => [`image DIGEST: ${problem}`];
const layer = (problem: string) => [`layer DIGEST: ${problem}`];
const tag = (problem: string) => [`tag latest: ${problem}`];
/** The list of a tag is not as clients look for it. */
const listing = (platforms: string[]) => {
  const entry = (platform: string) =>
    `${platform} DIGEST (application/vnd.oci.image.manifest.v1+json, SIZE bytes)`;
  return tag(`lists ${platforms.map(entry).join(', ')}; expected ${entry('linux/amd64')}`);
};
const EMULATOR = 'usr/bin/qemu-arm-static';
const DOC = 'usr/share/doc';

const DAMAGE: [string, Alterations, string[]][] = [
  [
    'an emulator with four bytes more',
    altered(EMULATOR),
    image(`${EMULATOR} is not that of qemu-user 1:11.1.3+ds-1`),
  ],
  ['another shell', altered('bin/busybox'), image('bin/busybox is not that of busybox-static 1:1.38.0-3')],
  ['another register program', altered('register'), image('register is not that of this checkout')],
  [
    'another licence text',
    altered(`${DOC}/qemu-user/copyright`),
    image(`${DOC}/qemu-user/copyright is not that of qemu-user 1:11.1.3+ds-1`),
  ],
  [
    'another list of sources',
    altered(`${DOC}/qemu-user/SOURCES`),
    image(`${DOC}/qemu-user/SOURCES is not that of this checkout`),
  ],
  ['no emulator of a guest', removed(EMULATOR), image('the emulator of arm is missing')],
  ['no register program', removed('register'), image('register is missing')],
  ['no shell', removed('bin/busybox'), image('bin/busybox is missing')],
  ['no link to the shell', removed('bin/sh'), image('bin/sh is missing')],
  ['no /tmp', removed('tmp'), image('tmp is missing')],
  [
    'no licence text of the shell',
    removed(`${DOC}/busybox-static/copyright`),
    image(`${DOC}/busybox-static/copyright is missing`),
  ],
  [
    'no licence text of the emulators',
    removed(`${DOC}/qemu-user/copyright`),
    image(`${DOC}/qemu-user/copyright is missing`),
  ],
  ['no list of sources', removed(`${DOC}/qemu-user/SOURCES`), image(`${DOC}/qemu-user/SOURCES is missing`)],
  [
    'another file',
    added('register', file('etc-passwd')),
    image('etc-passwd is neither of a package of the lock nor of this checkout'),
  ],
  [
    'a file whose name writes to the terminal',
    added('register', file('a\u001b[2J')),
    image('a\\u{1b}[2J is neither of a package of the lock nor of this checkout'),
  ],
  [
    'a guest that the label does not name',
    labelled(GUESTS, 'aarch64'),
    image('the emulator of arm is not in its label'),
  ],
  [
    'a guest that only the label names',
    labelled(GUESTS, 'aarch64 arm mips'),
    image('the emulator of mips is missing'),
  ],
  [
    'a path that is in a layer twice',
    inLayerWith('register', (entries, entry) => [...entries, entry]),
    layer('register is in it twice'),
  ],
  [
    'a file that is in two layers',
    inLayerWith(`${DOC}/qemu-user/copyright`, (entries) => [...entries, registerEntry()]),
    image('register is in two layers'),
  ],
  [
    'a register program that cannot be run',
    changed('register', { mode: 0o644 }),
    image('register has mode 644, not 755'),
  ],
  [
    'an emulator that gives the rights of root',
    changed(EMULATOR, { mode: 0o4755 }),
    image(`${EMULATOR} has mode 4755, not 755`),
  ],
  [
    'a /tmp that others cannot write to',
    changed('tmp', { mode: 0o755 }),
    image('tmp has mode 755, not 1777'),
  ],
  [
    'a link to another shell',
    changed('bin/sh', { linkname: '/evil' }),
    image('bin/sh leads to /evil, not to busybox'),
  ],
  [
    'a link in place of a file',
    changed(EMULATOR, { type: 'symlink', linkname: 'qemu', size: 0 }, Buffer.alloc(0)),
    image(`${EMULATOR} is of type symlink, not file`),
  ],
  ['a file of another user', changed('register', { uid: 1000 }), layer('register does not belong to root')],
  ['a file of another group', changed('register', { gid: 1000 }), layer('register does not belong to root')],
  [
    'a file with capabilities',
    changed('register', { pax: { 'SCHILY.xattr.security.capability': 'x' } }),
    layer('register has attributes beyond those of ustar'),
  ],
  [
    'a path that leaves the root',
    added('register', file('a/../../evil')),
    [
      ...layer('the path "a/../../evil" leaves the root'),
      ...image('a/../../evil is neither of a package of the lock nor of this checkout'),
    ],
  ],
  [
    'a path from the root of the machine',
    added('register', file('/evil')),
    [
      ...layer('the path "/evil" leaves the root'),
      ...image('/evil is neither of a package of the lock nor of this checkout'),
    ],
  ],
  [
    'contents that the config does not name',
    {
      config: (config) => ({
        ...config,
        rootfs: { ...config.rootfs, diff_ids: [...config.rootfs.diff_ids].reverse() },
      }),
    },
    image('its layers decompress to DIGEST, DIGEST, DIGEST, its config names DIGEST, DIGEST, DIGEST'),
  ],
  [
    'annotations that are not the labels',
    { manifest: (one) => ({ ...one, annotations: { ...one.annotations, more: '' } }) },
    image('its annotations are not its labels'),
  ],
  [
    'labels that are not the annotations',
    run({ Labels: {} }),
    [
      ...image('its annotations are not its labels'),
      ...['arm', 'aarch64'].flatMap((guest) => image(`the emulator of ${guest} is not in its label`)),
    ],
  ],
  [
    'another program to start with',
    run({ Entrypoint: ['/bin/sh'] }),
    image('its config runs it otherwise than Dockerfile.template says'),
  ],
  [
    'arguments to start with',
    run({ Cmd: ['--reset'] }),
    image('its config runs it otherwise than Dockerfile.template says'),
  ],
  [
    'another environment',
    run({ Env: ['LD_PRELOAD=/evil'] }),
    image('its config runs it otherwise than Dockerfile.template says'),
  ],
  [
    'another working directory',
    run({ WorkingDir: '/tmp' }),
    image('its config runs it otherwise than Dockerfile.template says'),
  ],
  [
    'another CPU in the list',
    ofIndex(([one]) => [{ ...one, platform: { os: 'linux', architecture: 'arm64' } }]),
    listing(['linux/arm64']),
  ],
  [
    'another system in the list',
    ofIndex(([one]) => [{ ...one, platform: { os: 'windows', architecture: 'amd64' } }]),
    listing(['windows/amd64']),
  ],
  [
    'another variant in the list',
    ofIndex(([one]) => [{ ...one, platform: { ...one.platform, variant: 'v3' } }]),
    listing(['linux/amd64/v3']),
  ],
  [
    'another CPU in the list, after the right one',
    ofIndex(([one]) => [one, { ...one, platform: { os: 'linux', architecture: 'arm64' } }]),
    listing(['linux/amd64', 'linux/arm64']),
  ],
  [
    'a version that the lock does not have',
    labelled(VERSION, '9.9.9'),
    image('the lock has no QEMU "9.9.9" for "linux/amd64"'),
  ],
  [
    'a version of another platform',
    labelled(VERSION, '10.2.2'),
    image('the lock has no QEMU "10.2.2" for "linux/amd64"'),
  ],
  [
    'a platform that the table does not have',
    {
      config: (config) => ({ ...config, architecture: 'vax' }),
      ...ofIndex(([one]) => [{ ...one, platform: { os: 'linux', architecture: 'vax' } }]),
    },
    [...image('the lock has no QEMU "11.1.3" for "linux/vax"'), ...tag('lists linux/vax in gzip')],
  ],
  [
    'a platform twice in one compression',
    ofIndex(([one]) => [one, one]),
    listing(['linux/amd64', 'linux/amd64']),
  ],
  [
    'gzip once more as amd64/v2',
    ofIndex(([one]) => [one, { ...one, platform: { ...one.platform, variant: 'v2' } }]),
    listing(['linux/amd64', 'linux/amd64/v2']),
  ],
  [
    'a platform whose name writes to the terminal',
    ofIndex(([one]) => [{ ...one, platform: { os: 'linux', architecture: 'a\u001b[2J' } }]),
    listing(['linux/a\\u{1b}[2J']),
  ],
  ['a tag that lists nothing', ofIndex(() => []), tag('lists no image')],
  ...['9.9.9', '11.1.4', '11.2', 'register-11.1', '11.1.3.1', '12-zstd', '11.1.30-1-gzip'].map(
    (name): [string, Alterations, string[]] => [
      `the tag ${name} for an image of 11.1.3`,
      tagged(name),
      // The image is of 11.1 too.
      name === 'register-11.1' ? [] : [`tag ${name}: lists version 11.1.3`],
    ],
  ),
];

/** The register program's own entry, as the layer of licences could have it too. */
function registerEntry(): Entry {
  const data = Buffer.from('#!/bin/sh\n');
  return { header: { ...file('register'), size: data.length }, data: data as never };
}

test('a sound layout is proven: every tag, image, layer and byte of it', async () => {
  const report = await check(layout, proof, silent);
  const { tags } = await walkLayout(layout);
  const layers = tags.flatMap(({ images }) => images).flatMap((one) => one.layers);
  const bytes = layers.reduce((sum, { size }) => sum + size, 0);
  const ran = process.arch === 'x64' ? { platform: 'linux/amd64', emulators: 2 } : null;
  expect(report).toEqual({ tags: 1, images: 1, layers: 3, bytes, ran });
});

describe('exactly what is wrong is reported:', () => {
  test.each(DAMAGE)('%s', async (_, alterations, problems) => {
    await alterLayout(layout, alterations);
    expect(await problemsFound()).toEqual(problems);
  });

  test.each(BLOB_DAMAGE)('a layer that is $name', async ({ apply }) => {
    const { images } = await walkLayout(layout);
    const digest = images[0]?.layers[1]?.digest ?? 'sha256:';
    await apply(blobPath(layout, digest));
    expect(await problemsFound()).toEqual([
      expect.stringMatching(/^blob DIGEST: (missing|wrong (size|digest))$/),
    ]);
  });

  test('a document that is damaged', async () => {
    const { tags } = await walkLayout(layout);
    await writeFile(blobPath(layout, tags[0]?.descriptor.digest ?? 'sha256:'), '{}');
    expect(await problemsFound()).toEqual([
      expect.stringMatching(/^latest: .*blob DIGEST has 2 bytes, not \d+$/),
    ]);
  });

  test('a layer that is not one', async () => {
    const { images } = await walkLayout(layout);
    const digest = images[0]?.layers[1]?.digest;
    const before = await readFile(blobPath(layout, digest ?? 'sha256:'));
    await alterLayout(layout, { layer: (blob) => (blob.equals(before) ? Buffer.from('not one') : blob) });
    expect(await problemsFound()).toEqual(['layer DIGEST: incorrect header check']);
  });
});

test('a layout with both compressions, and zstd a second time for some clients, is proven', async () => {
  const { layout: whole } = await build(lock, fetched, contextFor('both'));
  const { tags } = await walkLayout(whole);
  const latest = tags.find((one) => one.tag === 'latest');
  expect(latest?.entries.length).toBeGreaterThan(latest?.images.length ?? 0);
  expect(await check(whole, proof, silent)).toMatchObject({ tags: tags.length });
});

describe('what is not wrong:', () => {
  test.each<[string, Alterations]>([
    ...['11', '11.1', '11.1.3', '11.1.3-1', 'arm-11.1.3', '11.1.3-1-gzip', '11.1-gzip'].map(
      (name): [string, Alterations] => [`the tag ${name} for an image of 11.1.3`, tagged(name)],
    ),
  ])('%s', async (_, alterations) => {
    await alterLayout(layout, alterations);
    expect(await problemsFound()).toEqual([]);
  });
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

test('twenty problems are listed, and the others counted', async () => {
  const many = Array.from({ length: 25 }, (_, index) => file(`other-${index}`));
  await alterLayout(
    layout,
    inLayerWith('register', (entries) => [...entries, ...many.map((header) => ({ header }))]),
  );
  const problems = await problemsFound();
  expect([problems.length, problems.at(-1)]).toEqual([21, 'and 5 more']);
  await expect(check(layout, proof, silent)).rejects.toThrow('25 problems in the layout:');
});

test('one problem is not several', async () => {
  await alterLayout(layout, removed('tmp'));
  await expect(check(layout, proof, silent)).rejects.toThrow(
    /^a problem in the layout:\n {2}- image [^\n]*$/,
  );
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
