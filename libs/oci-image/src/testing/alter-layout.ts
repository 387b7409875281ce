import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { gunzipSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { zstdFrames } from '@qemu-user-static/compression';
import { blobPath, type Digest, digestOf, type Layout, MEDIA_TYPE } from '../index.ts';

/** JSON as a test changes it. */
// biome-ignore lint/suspicious/noExplicitAny: a test puts anything anywhere
export type Json = any;

/** The changes of each document; a string is taken as the document's text. */
export interface Alterations {
  /** The archive in a layer. */
  readonly tar?: (archive: Buffer) => Buffer | Promise<Buffer>;
  /** A layer as it is stored. */
  readonly layer?: (blob: Buffer) => Buffer;
  readonly config?: (value: Json) => unknown;
  readonly manifest?: (value: Json) => unknown;
  readonly index?: (value: Json) => unknown;
  readonly top?: (value: Json) => unknown;
}

type Changed = { readonly mediaType: string; readonly digest: Digest; readonly size: number };

/** Changes a layout as somebody would who hides it: every digest and size above a change is put right. */
export async function alterLayout(layout: Layout, alterations: Alterations): Promise<void> {
  const put = async (bytes: Buffer) => {
    const digest = digestOf(bytes);
    await writeFile(blobPath(layout, digest), bytes);
    return { digest, size: bytes.length };
  };
  const read = async ({ digest }: Changed) => readFile(blobPath(layout, digest));
  const parse = async (descriptor: Changed): Promise<Json> => JSON.parse((await read(descriptor)).toString());
  const store = async <T extends Changed>(descriptor: T, value: unknown): Promise<T> =>
    ({ ...descriptor, ...(await put(textOf(value))) }) as T;

  const done = new Map<Digest, Promise<{ descriptor: Changed; diffId: Digest | null }>>();
  const layer = async (descriptor: Changed): Promise<{ descriptor: Changed; diffId: Digest | null }> => {
    const before = await read(descriptor);
    const stored = alterations.layer?.(before) ?? before;
    if (alterations.tar === undefined)
      return { descriptor: { ...descriptor, ...(await put(stored)) }, diffId: null };
    const isGzip = descriptor.mediaType.endsWith('gzip');
    const archive = isGzip ? gunzipSync(stored) : await buffer(zstdFrames(Readable.from([stored])));
    const altered = await alterations.tar(archive);
    if (altered.equals(archive)) return { descriptor, diffId: null };
    const compressed = isGzip ? gzipSync(altered) : zstdCompressSync(altered);
    return { descriptor: { ...descriptor, ...(await put(compressed)) }, diffId: digestOf(altered) };
  };
  const image = async (descriptor: Changed): Promise<Changed> => {
    const manifest = await parse(descriptor);
    const config = await parse(manifest.config);
    const layers: Awaited<ReturnType<typeof layer>>[] = [];
    for (const one of manifest.layers as Changed[]) {
      const work = done.get(one.digest) ?? layer(one);
      done.set(one.digest, work);
      layers.push(await work);
    }
    config.rootfs.diff_ids = config.rootfs.diff_ids.map((id: Digest, at: number) => layers[at]?.diffId ?? id);
    manifest.config = await store(manifest.config, alterations.config ? alterations.config(config) : config);
    manifest.layers = layers.map((one) => one.descriptor);
    return store(descriptor, alterations.manifest ? alterations.manifest(manifest) : manifest);
  };

  const path = join(layout.folder, 'index.json');
  const top = JSON.parse(await readFile(path, 'utf8'));
  const manifests = [];
  for (const descriptor of top.manifests as Changed[]) {
    if (descriptor.mediaType !== MEDIA_TYPE.index) {
      manifests.push(await image(descriptor));
      continue;
    }
    const index = await parse(descriptor);
    const inside = [];
    for (const one of index.manifests as Changed[]) inside.push(await image(one));
    index.manifests = inside;
    manifests.push(await store(descriptor, alterations.index ? alterations.index(index) : index));
  }
  top.manifests = manifests;
  await writeFile(path, textOf(alterations.top ? alterations.top(top) : top));
}

function textOf(value: unknown): Buffer {
  return Buffer.from(typeof value === 'string' ? value : (JSON.stringify(value) ?? ''));
}
