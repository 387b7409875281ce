import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Compression } from '@qemu-user-static/compression';
import { formatLock, parseLock } from '@qemu-user-static/lock';
import { makeEmulators, makeShell } from '@qemu-user-static/lock/testing';
import {
  blobPath,
  type Descriptor,
  type FoundImage,
  type FoundTag,
  readLayer,
  walkLayout,
} from '@qemu-user-static/oci-image';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { check } from '../check/check.ts';
import { loadImages } from '../layouts/load.ts';
import { summarize } from '../release/summary.ts';
import { billOfMaterials, packagesOf } from '../sbom/bill-of-materials.ts';
import { imageFacts } from '../sbom/image-facts.ts';
import { silent } from '../testing/builds.ts';
import { contextOf } from '../testing/made-release.ts';
import { lockChannels, proofMade } from '../testing/packages.ts';
import { type Built, build } from './build.ts';
import { type ImageParts, imageMaker, type PlatformImage } from './make-image.ts';
import { tagImages } from './tag-images.ts';

// A host platform whose own package lacks a guest, which comes from another channel's.

const folder = await mkdtemp(join(tmpdir(), 'several-packages-'));
afterAll(() => rm(folder, { recursive: true }));

const ARM = 'linux/arm/v7';
const made = async (
  platform: 'linux/amd64' | typeof ARM,
  version: string,
  guests: string[],
  name?: string,
) => ({
  platform,
  version,
  emulators: await makeEmulators(platform, version, guests, [], name),
  shell: await makeShell(platform),
});
const { lock: written, fetched } = await lockChannels(
  {
    latest: {
      made: [await made('linux/amd64', '11.1.3', ['aarch64', 'arm']), await made(ARM, '10.2.2', ['arm'])],
      guestsFrom: { [ARM]: ['oldstable'] },
    },
    oldstable: { made: [await made(ARM, '7.2', ['aarch64', 'arm'], 'qemu-user-static')] },
  },
  folder,
);
const lock = parseLock(formatLock(written));
const context = contextOf(join(folder, 'oci'));
const proof = proofMade(lock, context.template, context.script, folder);

let built: Built;
let images: (tag: string) => readonly FoundImage[];
beforeAll(async () => {
  built = await build(lock, fetched, context);
  const { tags } = await walkLayout(built.layout);
  images = (tag) => tags.find((one) => one.tag === tag)?.images ?? [];
});

/** The image of a tag for 32-bit Arm, in gzip. */
function armImage(tag: string): FoundImage {
  const found = images(tag).find(({ config, layers }) => {
    return config.architecture === 'arm' && layers[0]?.compression === 'gzip';
  });
  if (found === undefined) throw new Error(`${tag} has no image`);
  return found;
}

const labelsOf = (tag: string) =>
  Object.fromEntries(
    Object.entries(armImage(tag).annotations)
      .filter(([name]) => /qemu-user-static\.(?!host|inputs)|image.version/.test(name))
      .map(([name, value]) => [name.replace(/^.*\./, ''), value]),
  );

async function filesOf(tag: string): Promise<string[]> {
  const layers = await Promise.all(
    armImage(tag).layers.map(({ digest, compression }) =>
      readLayer({ layout: built.layout, digest, compression }),
    ),
  );
  const paths = layers.flatMap(({ entries }) => entries.filter(({ type }) => type === 'file'));
  return paths
    .map(({ path }) => path)
    .filter((path) => /qemu-/.test(path) && !path.startsWith('qemu-binfmt'));
}

describe('a guest of another channel’s package', () => {
  test('is in the images of the channel, with its version, licences and sources', async () => {
    expect(labelsOf('latest')).toEqual({
      version: '10.2.2',
      'qemu-version': '10.2.2',
      'debian-version': '1:10.2.2+ds-1',
      'debian-suite': 'sid',
      guests: 'aarch64 arm',
      'other-versions': 'aarch64=7.2',
    });
    expect((await filesOf('latest')).sort()).toEqual([
      'usr/bin/qemu-aarch64-static',
      'usr/bin/qemu-arm-static',
      'usr/share/doc/qemu-user-static/SOURCES',
      'usr/share/doc/qemu-user-static/copyright',
      'usr/share/doc/qemu-user/SOURCES',
      'usr/share/doc/qemu-user/copyright',
    ]);
  });

  test('is in the common images of the channel, with the licences of its package alone', async () => {
    expect(labelsOf('common')).toMatchObject({ version: '7.2', 'qemu-version': '7.2', guests: 'aarch64' });
    expect((await filesOf('common')).sort()).toEqual([
      'usr/bin/qemu-aarch64-static',
      'usr/share/doc/qemu-user-static/SOURCES',
      'usr/share/doc/qemu-user-static/copyright',
    ]);
    expect(images('common-10.2.2')).toEqual([]);
  });

  test('has an image of its own, which is of its version', async () => {
    expect(labelsOf('armv7l-aarch64')).toEqual({
      version: '7.2',
      'qemu-version': '7.2',
      'debian-version': '1:7.2+ds-1',
      'debian-suite': 'sid',
      guests: 'aarch64',
    });
    expect(await filesOf('aarch64')).toEqual([
      'usr/bin/qemu-aarch64-static',
      'usr/share/doc/qemu-user-static/SOURCES',
      'usr/share/doc/qemu-user-static/copyright',
    ]);
    expect(built.tags.find(({ plan }) => plan.tag === 'armv7l-aarch64')?.plan.version).toBe('7.2');
  });

  test('is in no image that is named by a version', async () => {
    expect(labelsOf('10.2.2')).toEqual({
      version: '10.2.2',
      'qemu-version': '10.2.2',
      'debian-version': '1:10.2.2+ds-1',
      'debian-suite': 'sid',
      guests: 'arm',
    });
    expect(await filesOf('10.2.2-1-gzip')).not.toContain('usr/bin/qemu-aarch64-static');
    const tags = built.tags.map(({ plan }) => plan.tag);
    expect(tags).not.toContain('armv7l-aarch64-10.2.2');
    expect(tags).toContain('armv7l-aarch64-7.2');
    expect(armImage('armv7l-arm').manifest.digest).toBe(armImage('armv7l-arm-10.2.2').manifest.digest);
  });
});

test('the label of inputs has the hash of each version that is inside or listed, with which the lock finds the commit', async () => {
  const inputsOf = (version: string) => `inputs of ${version}`;
  const output = join(folder, 'inputs');
  const { layout } = await build(lock, fetched, {
    ...contextOf(output),
    origin: { ...context.origin, inputsOf },
  });
  const { tags } = await walkLayout(layout);
  const said = async (tag: string) => {
    const found = tags.find((one) => one.tag === tag) as FoundTag;
    const top = JSON.parse(await readFile(blobPath(layout, found.descriptor.digest), 'utf8'));
    const arm = found.images.find(({ config }) => config.architecture === 'arm') as FoundImage;
    return [top.annotations, arm.annotations].map((one) => one['io.github.qemu-user-static.inputs']);
  };
  const [newest, own, other] = ['11.1.3', '10.2.2', '7.2'].map(inputsOf);
  expect(await said('latest')).toEqual([`${newest} ${own} ${other}`, `${own} ${other}`]);
  expect(await said('10.2.2')).toEqual([own, own]);
  expect(await said('armv7l-aarch64')).toEqual([other, other]);
});

test('the layout passes the check, and merged images are the same', async () => {
  const report = await check(built.layout, proof, silent);
  expect(report.tags).toBe(built.tags.length);
  const set = await loadImages([built.layout.folder], proof, [], context);
  const digests = (tags: readonly { tag: string; digest: string }[]) =>
    tags.map(({ tag, digest }) => `${tag} ${digest}`).sort();
  const made = built.tags.map(({ plan, descriptor }) => ({ tag: plan.tag, digest: descriptor.digest }));
  expect(digests(set.tags)).toEqual(digests(made));
});

test('the bill of materials names the packages that are inside, each with its suite’s sources', async () => {
  const set = await loadImages([built.layout.folder], proof, [], context);
  const packagesIn = async (tag: string) => {
    const facts = await imageFacts(set)(armImage(tag).manifest.digest);
    const named = billOfMaterials(facts, lock).packages.map(
      ({ locked }) => `${locked.package} ${locked.version}`,
    );
    expect(packagesOf(facts, lock).map((one) => `${one.package} ${one.version}`)).toEqual(named);
    return named;
  };
  const [own, other, shell] = [
    'qemu-user 1:10.2.2+ds-1',
    'qemu-user-static 1:7.2+ds-1',
    'busybox-static 1:1.38.0-3',
  ];
  expect(await packagesIn('latest')).toEqual([own, other, shell]);
  expect(await packagesIn('10.2.2')).toEqual([own, shell]);
  expect(await packagesIn('armv7l-aarch64')).toEqual([other, shell]);
  expect(await packagesIn('register')).toEqual([shell]);
});

test('the summary names the version of each guest', async () => {
  const report = await check(built.layout, proof, silent);
  const { notes, platforms, tags } = summarize(lock, built, report, []);
  expect(notes).toContain(
    'linux/arm/v7 has guests that its own package lacks from QEMU 7.2 of Debian sid, in latest and not in 10.2.2: aarch64',
  );
  expect(notes.filter((note) => note.includes('package for it lacks'))).toEqual([]);
  expect(platforms.find((one) => one.channel === 'latest' && one.platform === ARM)).toEqual({
    channel: 'latest',
    platform: ARM,
    version: '10.2.2',
    debianVersion: '1:10.2.2+ds-1',
    guests: ['arm'],
    others: [{ version: '7.2', debianVersion: '1:7.2+ds-1', guests: ['aarch64'] }],
  });
  const guestsOf = (name: string) =>
    tags.find(({ tag }) => tag === name)?.platforms.find(({ platform }) => platform === ARM)?.guests;
  expect([guestsOf('latest'), guestsOf('10.2.2')]).toEqual([2, 1]);
});

test('each image is made once, however many tags list it', async () => {
  const made: string[] = [];
  const writer: Parameters<typeof tagImages>[3] = {
    image: async ({ manifest: { descriptor } }) => {
      made.push(descriptor.digest);
      return descriptor;
    },
    index: async ([first]) => first as Descriptor,
  };
  const [channel] = built.channels;
  await tagImages(lock, 'latest', channel?.platforms ?? [], writer, context);
  // Where one package has all guests, whole sets are the same in both editions: two of them, in two compressions.
  expect(made.length - new Set(made).size).toBe(4);
});

test('a second build takes the layers of the first', async () => {
  const reused: string[] = [];
  const again = await build(lock, fetched, {
    ...context,
    onEvent: (event) => reused.push(event.type),
  });
  expect(again.tags.map(({ descriptor }) => descriptor.digest)).toEqual(
    built.tags.map(({ descriptor }) => descriptor.digest),
  );
  expect(reused).not.toContain('emulator-done');
  expect(reused).not.toContain('layers-joined');
});

test('a second build puts no layer into the layout again', async () => {
  const output = join(folder, 'twice');
  const alone = { ...lock, common: [] };
  const inodes = async () => {
    const blobs = join(output, 'blobs', 'sha256');
    const names = (await readdir(blobs)).sort();
    return Promise.all(names.map(async (name) => `${name} ${(await stat(join(blobs, name))).ino}`));
  };
  const latest = fetched.filter(({ channel }) => channel === 'latest');
  await build(alone, latest, { ...contextOf(output), cache: join(folder, 'first-cache') });
  const before = await inodes();
  // The cache would give the same inodes.
  await build(alone, latest, { ...contextOf(output), cache: join(folder, 'second-cache') });
  expect(await inodes()).toEqual(before);
});

test('common images of all guests have the layers of the whole set', async () => {
  const both = { ...lock, common: ['arm' as const, 'aarch64' as const] };
  const output = join(folder, 'both');
  let joined = 0;
  const { tags, channels } = await build(both, fetched, {
    ...contextOf(output),
    // A cache would have the same layers by the time that they are asked for again.
    cache: '/dev/null/cache',
    onEvent: ({ type }) => {
      if (type === 'layers-joined') joined++;
    },
  });
  // Of each channel and platform its own, and of 32-bit Arm all: nothing is joined twice.
  expect(joined).toBe(4);
  const layers = channels.flatMap(({ platforms }) =>
    platforms.map(({ sets }) => [sets.common.all, sets.all.all]),
  );
  expect(layers.length).toBeGreaterThan(1);
  for (const [common, all] of layers) expect(common).toEqual(all);
  const set = await loadImages([output], { ...proof, lock: both }, [], contextOf(output));
  expect(set.tags.length).toBe(tags.length);
});

test('a guest that two other packages have is of the first', async () => {
  const { lock: written, fetched: packages } = await lockChannels(
    {
      latest: { made: [await made(ARM, '10.2.2', ['arm'])], guestsFrom: { [ARM]: ['oldstable', 'older'] } },
      oldstable: { made: [await made(ARM, '7.2', ['aarch64'], 'qemu-user-static')] },
      older: { made: [await made(ARM, '5.2', ['aarch64', 'mips'], 'qemu-user-old')] },
    },
    folder,
  );
  const output = join(folder, 'two-others');
  const read = parseLock(formatLock(written));
  const latest = packages.filter(({ channel }) => channel === 'latest');
  const { channels } = await build(read, latest, contextOf(output));
  const inside = channels[0]?.platforms[0]?.packages.map(({ version, emulators }) => [
    version,
    ...emulators.map(({ guest }) => guest),
  ]);
  expect(inside).toEqual([
    ['10.2.2', 'arm'],
    ['7.2', 'aarch64'],
    ['5.2', 'mips'],
  ]);
});

test('an image is not made of layers that are not there', () => {
  const [, arm] = built.channels[0]?.platforms ?? [];
  if (arm === undefined) throw new Error('no platform');
  const make = (
    contents: PlatformImage['contents'],
    parts: ImageParts = arm,
    compression: Compression = 'gzip',
  ) => imageMaker(context)({ contents, edition: 'all', parts }, compression);
  const aarch64 = { kind: 'common', guests: ['aarch64'] } as const;
  expect(make(aarch64).layers).toHaveLength(3);
  const none = { ...arm.sets, common: { own: null, all: null } };
  expect(() => make(aarch64, { ...arm, sets: none })).toThrow(`${ARM} has no guest of common`);
  expect(() => make({ kind: 'common', guests: ['mips'] })).toThrow(`${ARM} has no guest of common`);
  // Those of one guest are in gzip.
  expect(() => make({ kind: 'guest', guest: 'arm' }, arm, 'zstd')).toThrow(
    `${ARM} has no emulators layer in zstd`,
  );
});

test('a label of the Dockerfile is in images too', () => {
  const [parts] = built.channels[0]?.platforms ?? [];
  if (parts === undefined) throw new Error('no platform');
  const template = `${context.template}\nLABEL org.example.own="of the Dockerfile"\n`;
  const image = { contents: { kind: 'register' }, edition: 'all', parts } as const;
  const [own, usual] = [template, context.template].map((text) => {
    const { manifest } = imageMaker({ ...context, template: text })(image, 'gzip');
    return JSON.parse(Buffer.from(manifest.bytes).toString()).annotations;
  });
  expect(own).toEqual({ ...usual, 'org.example.own': 'of the Dockerfile' });
});

test('where no image has a guest alone, its image has the layers of all', () => {
  const [parts] = built.channels[0]?.platforms ?? [];
  if (parts === undefined) throw new Error('no platform');
  const [own] = parts.packages;
  const image = { contents: { kind: 'guest', guest: 'arm' }, edition: 'all' } as const;
  const unknown = { ...parts, packages: [{ ...own, emulators: [{ guest: 'arm' }] }] } as const;
  const [, emulators] = imageMaker(context)({ ...image, parts: unknown }, 'gzip').layers;
  expect(emulators?.digest).toBe(parts.sets.all.all.joined[0]?.digest);
  expect(imageMaker(context)({ ...image, parts }, 'gzip').layers[1]?.digest).not.toBe(emulators?.digest);
});

test('a package of another channel that adds no guest is left out of the images', async () => {
  const { lock: sameGuests, fetched: packages } = await lockChannels(
    {
      latest: { made: [await made(ARM, '10.2.2', ['arm'])], guestsFrom: { [ARM]: ['oldstable'] } },
      oldstable: { made: [await made(ARM, '7.2', ['arm'], 'qemu-user-static')] },
    },
    folder,
  );
  const read = parseLock(formatLock(sameGuests));
  const output = join(folder, 'same-guests');
  await build(read, packages, contextOf(output));
  const its = proofMade(read, context.template, context.script, folder);
  const set = await loadImages([output], its, [], contextOf(output));
  const digestOf = (name: string) => set.tags.find(({ tag }) => tag === name)?.digest;
  expect(digestOf('latest')).toMatch(/^sha256:/);
  expect(digestOf('latest')).toBe(digestOf('10.2.2'));
});
