import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Digest } from '@qemu-user-static/oci-image';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { blobsOf, type ImageSet, isIndex } from '../layouts/image-set.ts';
import { publishedSet } from '../testing/remote.ts';
import { smallSet } from '../testing/small-set.ts';
import { askRepository } from './state.ts';

const folder = await mkdtemp(join(tmpdir(), 'state-'));
afterAll(() => rm(folder, { recursive: true, force: true }));
let set: ImageSet;
let all: Digest;
let arm: Digest;
let images: Digest[];
const digestOf = (name: string): Digest => {
  const tag = set.tags.find(({ tag: one }) => one === name);
  if (tag === undefined) throw new Error(`no ${name}`);
  return tag.digest;
};
beforeAll(async () => {
  set = await smallSet(folder);
  [all, arm] = [digestOf('latest'), digestOf('arm')];
  images = [...set.documents.values()]
    .filter((document) => !isIndex(document))
    .map(({ descriptor }) => descriptor.digest);
});
const needsOf = (digest: Digest) => (set.documents.get(digest)?.needs ?? []).map((one) => one.digest);
/** A document and everything below it. */
const below = (digest: Digest): Digest[] => [digest, ...needsOf(digest).flatMap(below)];

/** A repository that has the whole set, but for what is taken away; and what is asked of it. */
async function ask(
  without: { tags?: 'all'; documents?: readonly Digest[]; blobs?: readonly Digest[] },
  thorough = false,
) {
  const { server, client } = await publishedSet(set);
  if (without.tags) server.store.tags.clear();
  for (const digest of without.documents ?? []) server.store.manifests.delete(`o/q@${digest}`);
  for (const digest of without.blobs ?? []) server.store.blobs.delete(`o/q@${digest}`);
  const before = server.requests.length;
  const state = await askRepository(client, set, thorough);
  const asked = server.requests.slice(before).flatMap(({ method, path }) => {
    const [, kind, reference = ''] = /\/(manifests|blobs)\/(.+)$/.exec(path) ?? [];
    expect([method, kind]).toEqual(kind === undefined ? ['GET', undefined] : ['HEAD', kind]);
    return reference.startsWith('sha256:') ? [reference] : [];
  });
  return { ...state, asked };
}
const everything = () => [...set.documents.keys(), ...blobsOf(set).keys()].sort();
const sorted = (digests: Iterable<string>) => [...digests].sort();

describe('a repository', () => {
  test('that has every tag has all that is below, which is not asked for', async () => {
    const { present, tags, asked } = await ask({});
    expect(sorted(present)).toEqual(everything());
    expect(Object.fromEntries(tags)).toEqual(
      Object.fromEntries(set.tags.map(({ tag, digest }) => [tag, digest])),
    );
    expect(asked).toEqual([]);
  });

  test('without tags is asked for indexes; what is below those that are there is not asked for', async () => {
    const { present, tags, asked } = await ask({ tags: 'all' });
    expect(tags.size).toBe(0);
    expect(sorted(present)).toEqual(everything());
    expect(sorted(asked)).toEqual(sorted([all, arm]));
  });

  test('without an index is asked for the images that no other index has, and not for their blobs', async () => {
    const { present, asked } = await ask({ tags: 'all', documents: [all] });
    expect(sorted(present)).toEqual(everything().filter((digest) => digest !== all));
    const others = images.filter((digest) => !needsOf(arm).includes(digest));
    expect(others.length).toBeGreaterThan(0);
    expect(sorted(asked)).toEqual(sorted([all, arm, ...others]));
  });

  test('without an image is asked for the blobs of that image alone', async () => {
    const image = digestOf('armv7l-arm');
    const [lost = image] = needsOf(image);
    const { present, asked } = await ask({ tags: 'all', documents: [all, arm, image], blobs: [lost] });
    expect(sorted(present)).toEqual(
      everything().filter((digest) => ![all, arm, image, lost].includes(digest as Digest)),
    );
    expect(sorted(asked)).toEqual(sorted([all, arm, ...images, ...needsOf(image)]));
  });

  test('that lacks something below what is there is found out if it is asked thoroughly', async () => {
    const [lost = all] = needsOf(digestOf('armv7l-arm'));
    expect((await ask({ blobs: [lost] })).present.has(lost)).toBe(true);
    const { present, asked } = await ask({ blobs: [lost] }, true);
    expect(sorted(present)).toEqual(everything().filter((digest) => digest !== lost));
    expect(sorted(asked)).toEqual(everything());
  });
});

test('a tag with another document says nothing of what is below ours', async () => {
  const { server, client } = await publishedSet(set);
  server.store.tags.clear();
  server.store.tags.set('o/q:latest', arm);
  server.store.manifests.delete(`o/q@${all}`);
  const { tags, present } = await askRepository(client, set, false);
  expect([...tags]).toEqual([['latest', arm]]);
  expect(present.has(all)).toBe(false);
  expect(below(arm).every((digest) => present.has(digest))).toBe(true);
});
