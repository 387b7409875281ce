import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import type { Layout } from '@qemu-user-static/oci-image';
import { alterLayout, type Json } from '@qemu-user-static/oci-image/testing';
import { build } from '../build/build.ts';
import { contextFor, fetched, folder, lock } from './builds.ts';

/** A layout whose one tag, latest, has one image, of linux/amd64, in gzip: each damage is met once. */
export async function buildOneImage(): Promise<Layout> {
  const amd64 = fetched.map(({ channel, platforms }) => ({
    channel,
    platforms: platforms.filter(({ platform }) => platform === 'linux/amd64'),
  }));
  const { layout } = await build(lock, amd64, contextFor('base', { compressions: ['gzip'] }));
  await alterLayout(layout, {
    top: ({ manifests, ...rest }) => ({
      ...rest,
      manifests: manifests.filter((one: Json) => tagOf(one) === 'latest'),
    }),
  });
  return layout;
}

/** The tag of an entry of index.json. */
const tagOf = (descriptor: Json) => descriptor.annotations['org.opencontainers.image.ref.name'];

export async function copyOf(layout: Layout): Promise<Layout> {
  const copy = { folder: join(folder, crypto.randomUUID()) };
  await cp(layout.folder, copy.folder, { recursive: true });
  return copy;
}
