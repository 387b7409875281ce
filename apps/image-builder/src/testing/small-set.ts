import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  assembleIndex,
  blobPath,
  type Descriptor,
  type Digest,
  type Layout,
  MEDIA_TYPE,
} from '@qemu-user-static/oci-image';
import { makeSmallLayout } from '@qemu-user-static/oci-image/testing';
import type { ImageSet, SetDocument, SetTag } from '../layouts/image-set.ts';

const PLATFORMS = [
  { os: 'linux', architecture: 'amd64' },
  { os: 'linux', architecture: 'arm64' },
  { os: 'linux', architecture: 'arm', variant: 'v7' },
  { os: 'linux', architecture: 'ppc64le' },
  { os: 'linux', architecture: 's390x' },
];

/**
 * Images of one small file, two indexes of them, and tags of every kind. What a registry gets does not depend on what is
 * in the images, and a build of real ones takes a second.
 */
export async function smallSet(folder: string): Promise<ImageSet> {
  const layout = await makeSmallLayout(folder, PLATFORMS);
  const [all] = JSON.parse(await readFile(join(folder, 'index.json'), 'utf8')).manifests as Descriptor[];
  if (all === undefined) throw new Error('no index');
  const documents = new Map<Digest, SetDocument>();
  const layoutOf = new Map<Digest, Layout>();
  const bytesOf = ({ digest }: Descriptor) => readFile(blobPath(layout, digest));
  const index = await bytesOf(all);
  const images: Descriptor[] = JSON.parse(index.toString()).manifests;
  for (const descriptor of images) {
    const bytes = await bytesOf(descriptor);
    const { config, layers } = JSON.parse(bytes.toString());
    documents.set(descriptor.digest, { descriptor, bytes, needs: [config, ...layers] });
    for (const { digest } of [config, ...layers]) layoutOf.set(digest, layout);
  }
  const some = images.slice(1, 4);
  const arm = assembleIndex(some, {});
  documents.set(all.digest, { descriptor: all, bytes: index, needs: images });
  documents.set(arm.descriptor.digest, { ...arm, needs: some });
  const [, , armv7] = images;
  if (armv7 === undefined) throw new Error('no image');
  return {
    tags: [
      tag('latest', all),
      tag('11.1.3', all),
      tag('11.1.3-1', all),
      tag('arm', arm.descriptor),
      tag('arm-11.1.3-1', arm.descriptor),
      tag('armv7l-arm', armv7),
      tag('armv7l-arm-11.1.3-1', armv7),
      tag('register', images[0] ?? armv7),
    ],
    documents,
    layoutOf,
  };
}

function tag(name: string, { digest, mediaType }: Descriptor): SetTag {
  const immutable = name.endsWith('-1');
  return {
    tag: name,
    channel: 'latest',
    contents: { kind: 'all' },
    version: '11.1.3',
    exact: immutable,
    manifests: 'gzip',
    shape: mediaType === MEDIA_TYPE.index ? 'index' : 'manifest',
    immutable,
    digest,
    platforms: ['linux/amd64'],
    edition: 'all',
  };
}
