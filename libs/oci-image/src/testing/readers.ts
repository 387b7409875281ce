import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { isDigest, type Layout, walkLayout } from '../index.ts';
import { type Alterations, alterLayout, type Json } from './alter-layout.ts';
import { makeSmallLayout } from './small-layout.ts';

const PLATFORMS = [
  { os: 'linux', architecture: 'amd64' },
  { os: 'linux', architecture: 'arm', variant: 'v7' },
];

/** Readers of layouts: each document is replaced once by the input, under a digest that fits. */
export async function readers() {
  const kinds = ['top', 'index', 'manifest', 'config'] as const;
  return Promise.all(
    kinds.map(async (kind) => ({
      name: `layout-${kind}`,
      samples: await sampleOf(kind).then((one) => [one, JSON.stringify(one)]),
      read: (text: string) =>
        inLayout(async (layout) => {
          await alterLayout(layout, { [kind]: () => text } as Alterations);
          const { tags } = await walkLayout(layout);
          const digests = tags.flatMap(({ descriptor, images }) => [
            descriptor.digest,
            ...images.flatMap(({ manifest, layers }) => [
              manifest.digest,
              ...layers.map((one) => one.digest),
            ]),
          ]);
          for (const digest of digests)
            if (!isDigest(digest)) throw new Error(`${digest} is taken for a digest`);
        }),
    })),
  );
}

async function sampleOf(kind: 'top' | 'index' | 'manifest' | 'config'): Promise<Json> {
  let sample: Json;
  await inLayout((layout) =>
    alterLayout(layout, {
      [kind]: (value: Json) => {
        sample ??= structuredClone(value);
        return value;
      },
    } as Alterations),
  );
  return sample;
}

/** A layout's files by path, so that each use can have a copy of its own. */
const original = inFolder(async (folder) => {
  await makeSmallLayout(folder, PLATFORMS);
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries.filter((one) => one.isFile()).map((one) => join(one.parentPath, one.name));
  return Promise.all(paths.map(async (path) => [relative(folder, path), await readFile(path)] as const));
});

async function inLayout(use: (layout: Layout) => Promise<void>): Promise<void> {
  const files = await original;
  await inFolder(async (folder) => {
    await mkdir(join(folder, 'blobs/sha256'), { recursive: true });
    await Promise.all(files.map(([path, bytes]) => writeFile(join(folder, path), bytes)));
    await use({ folder });
  });
}

async function inFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'layout-reader-'));
  try {
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}
