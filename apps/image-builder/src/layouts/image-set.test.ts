import { temporaryFolder } from '@qemu-user-static/debian-archive/testing';
import { beforeEach, expect, test } from 'vitest';
import { smallSet } from '../testing/small-set.ts';
import { blobsOf, documentIn, type ImageSet, isIndex, withTags } from './image-set.ts';

let set: ImageSet;
beforeEach(async () => {
  set = await smallSet(await temporaryFolder());
});

const digestOf = (tag: string) => set.tags.find((one) => one.tag === tag)?.digest ?? 'sha256:';

test('a set with fewer tags has what they need, and nothing else', () => {
  const fewer = withTags(set, (tag) => tag === 'arm');
  const index = documentIn(set, digestOf('arm'));
  expect(fewer.tags.map(({ tag }) => tag)).toEqual(['arm']);
  expect([...fewer.documents.keys()]).toEqual([digestOf('arm'), ...index.needs.map(({ digest }) => digest)]);
  expect(fewer.documents.get(digestOf('arm'))).toBe(index);
});

test('the blobs of a set are the configs and layers of its images, each once', () => {
  const images = [...set.documents.values()].filter((document) => !isIndex(document));
  const needed = images.flatMap(({ needs }) => needs);
  expect([...blobsOf(set).values()]).toEqual(needed);
  expect([...blobsOf(set).keys()]).toEqual(needed.map(({ digest }) => digest));
});

test('a document that the set does not have is asked for by mistake', () => {
  expect(() => documentIn(set, 'sha256:0')).toThrow(new RangeError('sha256:0 is not a document of the set'));
});
