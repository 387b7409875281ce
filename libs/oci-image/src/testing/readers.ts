import { mkdtempSync, rmSync } from 'node:fs';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDigest, type Layout, walkLayout } from '../index.ts';
import { type Alterations, alterLayout, type Json } from './alter-layout.ts';
import { makeSmallLayout } from './small-layout.ts';

const PLATFORMS = [
  { os: 'linux', architecture: 'amd64' },
  { os: 'linux', architecture: 'arm', variant: 'v7' },
];

/** Readers of layouts: each document in turn is what was sent, under a digest that fits. */
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

const original = mkdtempSync(join(tmpdir(), 'layout-reader-'));
process.once('exit', () => rmSync(original, { recursive: true }));
const made = makeSmallLayout(join(original, 'oci'), PLATFORMS);

/** Each use has a copy of its own. */
async function inLayout(use: (layout: Layout) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(original, 'copy-'));
  try {
    await cp((await made).folder, folder, { recursive: true });
    await use({ folder });
  } finally {
    await rm(folder, { recursive: true });
  }
}
