import type { Compression } from '@qemu-user-static/compression';
import {
  type Descriptor,
  digestOf,
  type FoundImage,
  type FoundTag,
  MEDIA_TYPE,
} from '@qemu-user-static/oci-image';
import { describe, expect, test } from 'vitest';
import { listingOf } from '../images/listing.ts';
import { tagProblems } from './tag-problems.ts';

const descriptor = (content: string, mediaType: string = MEDIA_TYPE.manifest): Descriptor => ({
  mediaType,
  digest: digestOf(Buffer.from(content)),
  size: content.length,
});
const image = (architecture: string, compression: Compression, version = '11.1.3'): FoundImage => ({
  manifest: descriptor(`${architecture} ${compression} ${version}`),
  annotations: { 'org.opencontainers.image.version': version },
  layers: [{ ...descriptor('layer'), compression }],
  config: { os: 'linux', architecture, rootfs: { diff_ids: [] } } as unknown as FoundImage['config'],
});
const amd64 = { gzip: image('amd64', 'gzip'), zstd: image('amd64', 'zstd') };
const arm64 = { gzip: image('arm64', 'gzip'), zstd: image('arm64', 'zstd') };
const entries = [
  ...listingOf('linux/amd64', { gzip: amd64.gzip.manifest, zstd: amd64.zstd.manifest }),
  ...listingOf('linux/arm64', { gzip: arm64.gzip.manifest, zstd: arm64.zstd.manifest }),
];
const index = (change: Partial<FoundTag> = {}): FoundTag => ({
  tag: 'latest',
  descriptor: descriptor('index', MEDIA_TYPE.index),
  images: [amd64.gzip, amd64.zstd, arm64.zstd, arm64.gzip],
  entries,
  ...change,
});
const replaced = (at: number, change: Partial<Descriptor>) =>
  entries.map((entry, place) => (place === at ? { ...entry, ...change } : entry));

test('nothing is wrong with a tag that lists each platform as clients look for it', () => {
  expect(tagProblems(index())).toEqual([]);
  const alone = { images: [amd64.gzip], entries: entries.slice(0, 1) };
  expect(tagProblems(index({ ...alone, tag: 'latest-gzip' }))).toEqual([]);
  expect(tagProblems(index({ ...alone, tag: 'x86_64-arm', descriptor: amd64.gzip.manifest }))).toEqual([]);
});

describe('a tag of one image, without an index,', () => {
  const { platform } = entries[1] as Descriptor;
  const alone = (entry: Descriptor) =>
    index({ images: [amd64.zstd], descriptor: amd64.zstd.manifest, entries: [entry] });

  test('has no list, and so no hint about zstd', () => {
    expect(tagProblems(alone({ ...amd64.zstd.manifest, ...(platform && { platform }) }))).toEqual([]);
  });

  test('is refused where its image is for another platform', () => {
    const other = { os: 'linux', architecture: 's390x' };
    expect(tagProblems(alone({ ...amd64.zstd.manifest, platform: other }))).toEqual([
      expect.stringMatching(/^tag latest: lists linux\/s390x .*; expected linux\/amd64 sha256:/),
    ]);
  });

  test('is refused where it has no platform', () => {
    expect(tagProblems(alone(amd64.zstd.manifest))).toEqual([
      expect.stringMatching(/^tag latest: lists no platform sha256:/),
    ]);
  });
});

describe('an index is refused', () => {
  test.each([
    ['that has zstd before gzip on amd64', [1, 0, 2, 3, 4, 5].flatMap((at) => entries[at] ?? [])],
    ['without amd64’s second level', entries.filter((_, at) => at !== 2)],
    ['with arm64’s gzip before v8.0', [0, 1, 2, 4, 3, 5].flatMap((at) => entries[at] ?? [])],
    ['whose zstd has no annotation', replaced(1, { annotations: {} })],
    ['whose gzip is annotated as zstd', replaced(0, { annotations: entries[1]?.annotations ?? {} })],
    [
      'that lists an image for another platform',
      replaced(0, { platform: { os: 'linux', architecture: 'arm64' } }),
    ],
    ['that gives an image another size', replaced(0, { size: 1 })],
    ['that lists an image once more', [...entries, ...entries.slice(0, 1)]],
  ])('%s', (_, listed) => {
    expect(tagProblems(index({ entries: listed }))).toEqual([
      expect.stringMatching(/^tag latest: lists linux\/.*; expected linux\/amd64 sha256:/),
    ]);
  });

  test('with two images for a platform in one compression', () => {
    const second = image('amd64', 'gzip', '11.1.2');
    expect(tagProblems(index({ images: [amd64.gzip, second] }))).toEqual([
      'tag latest: lists linux/amd64 in gzip twice',
    ]);
  });

  test('for a platform that is not in the table', () => {
    expect(tagProblems(index({ images: [image('vax', 'gzip')] }))).toEqual([
      'tag latest: lists linux/vax in gzip',
    ]);
  });

  test.each([
    ['in two compressions', ['gzip', 'zstd'] as const],
    ['not at all', []],
  ])('with an image whose layers are compressed %s', (_, compressions) => {
    const mixed = {
      ...amd64.gzip,
      layers: compressions.map((compression) => ({ ...descriptor(compression), compression })),
    };
    expect(tagProblems(index({ images: [mixed] }))).toEqual([
      'tag latest: lists linux/amd64 in no single compression',
    ]);
  });

  test('that has nothing', () => {
    expect(tagProblems(index({ images: [], entries: [] }))).toEqual(['tag latest: lists no image']);
  });
});

test.each([
  '11.1.2',
  '11.1.2-1',
  '11.1.2-1-gzip',
  'x86_64-arm-11.1.2-1',
  'register-11.1.2',
  '11.2',
  '10-zstd',
])('an image of 11.1.3 is found under %s', (tag) => {
  expect(tagProblems(index({ tag }))).toContain(`tag ${tag}: lists version 11.1.3`);
});

test.each(['11.1.3', '11.1.3-1', '11.1.3-1-zstd', 'aarch64-11.1.3-1', '11.1', '11', 'latest'])(
  'an image of 11.1.3 belongs under %s',
  (tag) => {
    expect(tagProblems(index({ tag }))).toEqual([]);
  },
);

test.each([
  ['10.2.13', '10.2.13-12'],
  ['10.2.13', 'x86_64-arm-10.2.13-12-zstd'],
  ['11.2.0-rc0', '11.2.0-rc0'],
  ['11.2.0-rc12', '11.2.0-rc12-1'],
])('an image of %s belongs under %s, and no other image does', (version, tag) => {
  const of = (one: string) => {
    const { manifest, ...rest } = image('amd64', 'gzip', one);
    const listed = listingOf('linux/amd64', { gzip: manifest });
    return tagProblems(index({ tag, images: [{ manifest, ...rest }], entries: listed }));
  };
  expect(of(version)).toEqual([]);
  expect(of('10.2.1')).toEqual([`tag ${tag}: lists version 10.2.1`]);
});
