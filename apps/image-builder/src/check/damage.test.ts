import { readFile, writeFile } from 'node:fs/promises';
import { blobPath, type Layout, walkLayout } from '@qemu-user-static/oci-image';
import { type Alterations, alterLayout, BLOB_DAMAGE } from '@qemu-user-static/oci-image/testing';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  added,
  altered,
  changed,
  type Entry,
  file,
  inLayerWith,
  labelled,
  ofIndex,
  removed,
  run,
  tagged,
} from '../testing/alterations.ts';
import { proofFor, silent } from '../testing/builds.ts';
import { buildOneImage, copyOf } from '../testing/one-image.ts';
import { check } from './check.ts';

const GUESTS = 'io.github.qemu-user-static.guests';
const VERSION = 'org.opencontainers.image.version';

let base: Layout;
beforeAll(async () => {
  base = await buildOneImage();
});

const proof = proofFor();
let layout: Layout;
beforeEach(async () => {
  layout = await copyOf(base);
});

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
    'no labels',
    run({ Labels: undefined }),
    [
      ...image('its annotations are not its labels'),
      ...['arm', 'aarch64'].flatMap((guest) => image(`the emulator of ${guest} is not in its label`)),
    ],
  ],
  ...['x/usr/bin/qemu-mips-static', 'usr/bin/qemu-mips-static.old'].map(
    (path): [string, Alterations, string[]] => [
      `${path}, which is not an emulator's path`,
      added('register', file(path)),
      image(`${path} is neither of a package of the lock nor of this checkout`),
    ],
  ),
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
