import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { temporaryFolder } from '@qemu-user-static/debian-archive/testing';
import {
  blobPath,
  createBlob,
  createLayout,
  type Descriptor,
  type Digest,
  LAYER_MEDIA_TYPE,
  type Layout,
  MEDIA_TYPE,
} from '@qemu-user-static/oci-image';
import { packTar } from 'modern-tar';
import { beforeEach, expect, test } from 'vitest';
import type { Part } from '../images/layer-plan.ts';
import type { ImageSet, SetDocument } from '../layouts/image-set.ts';
import { imageFacts } from './image-facts.ts';

const FORMAT = 'Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n\n';
const FIRST: Digest = `sha256:${'1'.repeat(64)}`;
const SECOND: Digest = `sha256:${'2'.repeat(64)}`;
const INDEX: Digest = `sha256:${'3'.repeat(64)}`;

let layout: Layout;
beforeEach(async () => {
  layout = await createLayout(join(await temporaryFolder(), 'oci'));
});

/** A layer of files, each with the licence that it names. */
async function layer(
  files: Readonly<Record<string, string>>,
  compression: keyof typeof LAYER_MEDIA_TYPE = 'gzip',
): Promise<Descriptor> {
  const archive = await packTar(
    Object.entries(files).map(([name, license]) => {
      const body = Buffer.from(`${FORMAT}Files: *\nLicense: ${license}\n`);
      return { header: { name, size: body.length, type: 'file' as const }, body };
    }),
  );
  const blob = await createBlob(layout);
  await blob.write(compression === 'gzip' ? gzipSync(archive) : zstdCompressSync(archive));
  return { mediaType: LAYER_MEDIA_TYPE[compression], ...(await blob.commit()) };
}

/** Two images with these layers, and an index. */
function setOf(layers: Partial<Record<Part, Descriptor>>): ImageSet {
  const image = {
    channel: 'latest',
    platform: 'linux/amd64',
    layers: new Map(Object.entries(layers) as [Part, Descriptor][]),
  } as const;
  const document = (digest: Digest, more: Partial<SetDocument>): [Digest, SetDocument] => [
    digest,
    {
      descriptor: { mediaType: MEDIA_TYPE.manifest, digest, size: 1 },
      bytes: Buffer.from(JSON.stringify({ annotations: { of: digest } })),
      needs: [],
      ...more,
    },
  ];
  return {
    tags: [],
    documents: new Map([document(FIRST, { image }), document(SECOND, { image }), document(INDEX, {})]),
    layoutOf: new Map(Object.values(layers).map(({ digest }) => [digest, layout])),
  };
}

test('the facts about an image are its platform, annotations, and the licences of each package', async () => {
  const set = setOf({
    register: await layer({ 'usr/share/doc/busybox-static/copyright': 'GPL-2' }),
    licenses: await layer({ 'usr/share/doc/qemu-user/copyright': 'GPL-2+' }),
  });
  expect(await imageFacts(set)(FIRST)).toEqual({
    digest: FIRST,
    channel: 'latest',
    platform: 'linux/amd64',
    annotations: { of: FIRST },
    licenses: new Map([
      ['busybox-static', ['GPL-2']],
      ['qemu-user', ['GPL-2+']],
    ]),
  });
});

test.each(['gzip', 'zstd'] as const)('layers in %s are read', async (compression) => {
  const licenses = await layer({ 'usr/share/doc/qemu-user/copyright': 'GPL-2+' }, compression);
  expect([...(await imageFacts(setOf({ licenses }))(FIRST)).licenses]).toEqual([['qemu-user', ['GPL-2+']]]);
});

test('no other file is taken for a package’s copyright', async () => {
  const licenses = await layer({
    'srv/usr/share/doc/qemu-user/copyright': 'elsewhere',
    'usr/share/doc/qemu-user/copyright.old': 'longer',
    'usr/share/doc/qemu-user/more/copyright': 'deeper',
    'usr/share/doc/copyright': 'higher',
  });
  expect((await imageFacts(setOf({ licenses }))(FIRST)).licenses).toEqual(new Map());
});

test('the emulators are not read, and a layer that two images have is read once', async () => {
  const licenses = await layer({ 'usr/share/doc/qemu-user/copyright': 'GPL-2+' });
  const emulators = await layer({ 'usr/bin/qemu-arm-static': 'none' });
  await rm(blobPath(layout, emulators.digest));
  const factsOf = imageFacts(setOf({ emulators, licenses }));
  const first = await factsOf(FIRST);
  await rm(blobPath(layout, licenses.digest));
  expect((await factsOf(SECOND)).licenses).toEqual(first.licenses);
});

test('an index is no image, and a layer must be in the set', async () => {
  const licenses = await layer({});
  const set = { ...setOf({ licenses }), layoutOf: new Map() };
  await expect(imageFacts(set)(INDEX)).rejects.toThrow(new RangeError(`${INDEX} is not an image`));
  await expect(imageFacts(set)(FIRST)).rejects.toThrow(
    new RangeError(`${licenses.digest} is not a blob of the set`),
  );
});
