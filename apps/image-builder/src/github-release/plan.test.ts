import type { GuestName, HostPlatform } from '@qemu-user-static/arch-table';
import { lockOf } from '@qemu-user-static/lock/testing';
import { type Descriptor, digestOf, MEDIA_TYPE } from '@qemu-user-static/oci-image';
import { describe, expect, test } from 'vitest';
import { planTags } from '../images/tags.ts';
import type { ImageSet, SetDocument, SetTag } from '../layouts/image-set.ts';
import { planReleases } from './plan.ts';

const lock = lockOf({
  latest: { 'linux/amd64': '11.1.3', 'linux/arm64': '11.1.3', 'linux/arm/v7': '10.2.2' },
  stable: { 'linux/amd64': '10.0.13', 'linux/arm64': '10.0.13' },
});
const GUESTS: readonly GuestName[] = ['arm'];
const descriptor = (mediaType: string, name: string): Descriptor => ({
  mediaType,
  digest: digestOf(name),
  size: 1,
});

/** A set with a document for each tag of the lock's channels; images of one platform are listed twice in each index. */
function setOf(): ImageSet {
  const tags: SetTag[] = [];
  const documents = new Map<string, SetDocument>();
  const layoutOf: [string, { folder: string }][] = [];
  const manifest = (channel: string, platform: HostPlatform, of: string): Descriptor => {
    const name = `${channel} ${platform} ${of}`;
    const own = descriptor(MEDIA_TYPE.manifest, name);
    const layer = descriptor('layer', `emulators of ${name}`);
    layoutOf.push([layer.digest, { folder: '/layout' }]);
    const fields = { annotations: { 'org.opencontainers.image.created': '2026-10-30T08:08:01Z' } };
    documents.set(own.digest, {
      descriptor: own,
      bytes: Buffer.from(JSON.stringify(fields)),
      needs: [layer],
      image: { channel, platform, layers: new Map([['emulators', layer]]) },
    });
    return own;
  };
  for (const channel of Object.keys(lock.channels)) {
    const platforms = Object.keys(lock.channels[channel]?.platforms ?? {}) as HostPlatform[];
    const guests = new Map(platforms.map((platform) => [platform, GUESTS]));
    for (const plan of planTags(lock, channel, guests)) {
      const below = plan.platforms.map((platform) =>
        manifest(channel, platform, JSON.stringify(plan.contents)),
      );
      const index = descriptor(MEDIA_TYPE.index, `index ${plan.tag}`);
      if (plan.shape === 'index')
        documents.set(index.digest, {
          descriptor: index,
          bytes: new Uint8Array(),
          needs: below.flatMap((one) => [one, one]),
        });
      tags.push({
        ...plan,
        channel,
        digest: plan.shape === 'index' ? index.digest : (below[0] ?? index).digest,
      });
    }
  }
  return {
    tags,
    documents: documents as ImageSet['documents'],
    layoutOf: new Map(layoutOf) as ImageSet['layoutOf'],
  };
}

describe('with two channels', () => {
  const plans = planReleases(lock, setOf());

  test('there is a release of each version, and the last is the one that GitHub shows as the latest', () => {
    expect(plans.map(({ tag, channel, isLatest }) => [tag, channel, isLatest])).toEqual([
      ['v10.2.2-1', 'latest', false],
      ['v10.0.13-1', 'stable', false],
      ['v11.1.3-1', 'latest', true],
    ]);
  });

  test('a release has the emulators of its version alone', () => {
    const platformsOf = (tag: string) =>
      plans.find((plan) => plan.tag === tag)?.binaries.map(({ platform, guest }) => `${platform} ${guest}`);
    expect(platformsOf('v11.1.3-1')).toEqual(['linux/amd64 arm', 'linux/arm64 arm']);
    expect(platformsOf('v10.2.2-1')).toEqual(['linux/arm/v7 arm']);
    expect(platformsOf('v10.0.13-1')).toEqual(['linux/amd64 arm', 'linux/arm64 arm']);
  });
});

test('an image that an index lists under two names of its platform is named once', () => {
  const [first] = planReleases(lock, setOf());
  const image = first?.images.find(({ tag }) => tag === '10.2.2-1');
  expect(image?.manifests.map(({ platform }) => platform)).toEqual(['linux/arm/v7']);
});

test.each<[string, (tag: SetTag) => boolean]>([
  ['one platform', ({ tag }) => !tag.startsWith('armv7l-arm')],
  ['one of two platforms', ({ tag }) => !tag.startsWith('aarch64-arm-10.0.13')],
])('a release without emulators for %s is an error', (_, keeps) => {
  const set = setOf();
  expect(() => planReleases(lock, { ...set, tags: set.tags.filter(keeps) })).toThrow(
    expect.objectContaining({ code: 'LAYOUTS_DIFFER' }),
  );
});

test('an emulator whose layer is in no layout is not released', () => {
  expect(() => planReleases(lock, { ...setOf(), layoutOf: new Map() })).toThrow(
    expect.objectContaining({ code: 'LAYOUTS_DIFFER' }),
  );
});

describe('a release', () => {
  const plans = () => planReleases(lock, setOf());
  const planOf = (tag: string) => {
    const found = plans().find((plan) => plan.tag === tag);
    if (found === undefined) throw new Error(`no ${tag}`);
    return found;
  };

  test('names the tags of its version alone, and of those no other than full versions', () => {
    const tags = planOf('v10.2.2-1').images.map(({ tag }) => tag);
    expect(tags).toEqual(expect.arrayContaining(['10.2.2', '10.2.2-1', 'armv7l-arm-10.2.2-1']));
    expect(tags.filter((tag) => !tag.includes('10.2.2'))).toEqual([]);
  });

  test('names the one image of a tag that is not an index', () => {
    const found = planOf('v10.2.2-1').images.find(({ tag }) => tag === 'armv7l-arm-10.2.2-1');
    expect(found?.manifests).toEqual([{ platform: 'linux/arm/v7', digest: found?.digest }]);
  });

  test('has the time of the image that an emulator is of, in seconds', () => {
    expect(new Set(planOf('v11.1.3-1').binaries.map(({ created }) => created))).toEqual(
      new Set([Date.parse('2026-10-30T08:08:01Z') / 1000]),
    );
  });

  test('of a tag that lists what is not an image is a bug', () => {
    const set = setOf();
    const documents = new Map(
      Array.from(set.documents, ([digest, { image: _, ...document }]) => [digest, document] as const),
    );
    expect(() => planReleases(lock, { ...set, documents })).toThrow();
  });
});
