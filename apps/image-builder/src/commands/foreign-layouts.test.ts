import { cp, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isCodedError } from '@qemu-user-static/errors';
import {
  blobPath,
  type Digest,
  type Layout,
  removeOtherBlobs,
  walkLayout,
} from '@qemu-user-static/oci-image';
import {
  type Alterations,
  alterLayout,
  BLOB_DAMAGE,
  type Json,
  jsonDamage,
} from '@qemu-user-static/oci-image/testing';
import { packTar, unpackTar } from 'modern-tar';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type MadeCheckout, madeCheckout } from '../testing/made-checkout.ts';
import { command as attestCommand } from './attest.ts';
import { command as checkCommand } from './check.ts';
import { command as exportCommand } from './export.ts';
import { command as mergeCommand } from './merge.ts';
import { command as publishCommand } from './publish.ts';
import { command as sbomCommand } from './sbom.ts';

const folder = await mkdtemp(join(tmpdir(), 'foreign-layouts-'));
let checkout: MadeCheckout;
let amd64: string;
let others: string;
beforeAll(async () => {
  checkout = await madeCheckout(folder);
  amd64 = await checkout.build('amd64', ['linux/amd64']);
  others = await checkout.build('others', ['linux/arm64', 'linux/arm/v7']);
});
afterAll(async () => {
  await checkout.environment.close();
  await rm(folder, { recursive: true });
});

/** A copy that may be damaged. */
async function copyOf(layout: string): Promise<Layout> {
  const copy = { folder: join(folder, crypto.randomUUID()) };
  await cp(layout, copy.folder, { recursive: true });
  return copy;
}

// Nothing listens there: what is refused is refused before a registry is asked.
const NOWHERE = { repository: ['127.0.0.1:1/o/q'], connections: 1, platform: [], tag: [] };
const image = (layout: string) => ({ layout, image: 'latest', platform: 'linux/amd64' as const });

/** Every command that reads a layout. */
const COMMANDS = {
  check: (layout: string) => checkCommand.run({ layout }, checkout.environment),
  merge: (layout: string) =>
    mergeCommand.run(
      { layout: [layout], platform: ['linux/amd64'], tag: [], output: join(folder, crypto.randomUUID()) },
      checkout.environment,
    ),
  sbom: (layout: string) => sbomCommand.run({ ...image(layout), format: 'cyclonedx' }, checkout.environment),
  export: (layout: string) =>
    exportCommand.run(
      { ...image(layout), format: 'docker-archive', output: join(folder, 'image.tar') },
      checkout.environment,
    ),
};

describe('an altered emulator is refused, by name,', () => {
  const EMULATOR = 'usr/bin/qemu-arm-static';
  const REFUSAL = {
    code: 'CHECK_FAILED',
    message: expect.stringContaining(`${EMULATOR} is not that of qemu-user 1:11.1.3+ds-1`),
  };
  /** Four bytes more, in every layer, and every digest put right. */
  const altered: Alterations = {
    tar: async (archive) => {
      const entries = await unpackTar(archive, { strict: true });
      if (!entries.some(({ header }) => header.name === EMULATOR)) return archive;
      const changed = entries.map(({ header, data = new Uint8Array() }) => {
        const body = header.name === EMULATOR ? Buffer.concat([data, Buffer.from('evil')]) : data;
        return { header: { ...header, size: body.length }, body };
      });
      return Buffer.from(await packTar(changed));
    },
  };
  let from: string[];
  let merged: string;
  beforeAll(async () => {
    const one = await copyOf(amd64);
    await alterLayout(one, altered);
    from = [one.folder, others];
    merged = join(folder, 'merged');
    await mergeCommand.run(
      { layout: [amd64, others], platform: [], tag: [], output: merged },
      checkout.environment,
    );
    await alterLayout({ folder: merged }, altered);
  });

  test('by check', async () => {
    for (const layout of [from[0] ?? '', merged])
      await expect(COMMANDS.check(layout)).rejects.toMatchObject(REFUSAL);
  });

  test('by merge', async () => {
    for (const layouts of [from, [merged]]) {
      const output = join(folder, crypto.randomUUID());
      const merging = mergeCommand.run(
        { layout: layouts, platform: [], tag: [], output },
        checkout.environment,
      );
      await expect(merging).rejects.toMatchObject(REFUSAL);
    }
  });

  test('by publish', async () => {
    for (const layouts of [from, [merged]]) {
      const publishing = publishCommand.run(
        { ...NOWHERE, layout: layouts, push: true },
        checkout.environment,
      );
      await expect(publishing).rejects.toMatchObject(REFUSAL);
    }
  });

  test('by attest', async () => {
    for (const layouts of [from, [merged]]) {
      const attesting = attestCommand.run({ ...NOWHERE, layout: layouts, push: true }, checkout.environment);
      await expect(attesting).rejects.toMatchObject(REFUSAL);
    }
  });

  test('by sbom', async () => {
    await expect(COMMANDS.sbom(merged)).rejects.toMatchObject(REFUSAL);
  });
});

/** One tag with one image, so that damage is quick. */
async function smallCopy(): Promise<Layout> {
  const layout = await copyOf(amd64);
  await alterLayout(layout, {
    top: ({ manifests, ...rest }) => ({
      ...rest,
      manifests: manifests.filter((one: Json) => Object.values(one.annotations).includes('latest')),
    }),
    index: ({ manifests, ...rest }) => ({ ...rest, manifests: manifests.slice(0, 1) }),
  });
  const { tags, images } = await walkLayout(layout);
  const configs = await Promise.all(images.map(({ manifest }) => configOf(layout, manifest.digest)));
  const documents = [...tags.map(({ descriptor }) => descriptor), ...images.map(({ manifest }) => manifest)];
  const blobs = [...documents, ...images.flatMap(({ layers }) => layers)].map(({ digest }) => digest);
  await removeOtherBlobs(layout, new Set([...blobs, ...configs]));
  return layout;
}

async function configOf(layout: Layout, manifest: Digest): Promise<Digest> {
  return JSON.parse(await readFile(blobPath(layout, manifest), 'utf8')).config.digest;
}

/** Each place gets some of the values; libs/oci-image has all of them for its own reader. */
const STRIDE = 11;

describe.each(Object.entries(COMMANDS))('%s of a foreign layout', (_, command) => {
  test.each(['config', 'manifest', 'index', 'top'] as const)(
    'is a coded error or a right result, whatever its %s is',
    async (kind) => {
      const original = await smallCopy();
      let value: Json;
      await alterLayout(original, { [kind]: (found: Json) => (value = found) });
      const damage = jsonDamage(value).filter((__, index) => index % STRIDE === 0);
      expect(damage.length).toBeGreaterThan(5);
      for (const { name, apply } of damage) {
        const layout = await copyOf(original.folder);
        await alterLayout(layout, { [kind]: apply });
        const failure = await command(layout.folder).then(
          () => null,
          (error: unknown) => error,
        );
        if (!isCodedError(failure)) expect(failure, name).toBeNull();
        await rm(layout.folder, { recursive: true });
      }
    },
  );

  test.each<[string, Alterations]>([
    ['a time', { config: ({ created: _, ...rest }) => rest }],
    ['a history', { config: ({ history: _, ...rest }) => rest }],
    ['labels', { config: ({ config: { Labels: _, ...run }, ...rest }) => ({ ...rest, config: run }) }],
    ['its first layer', { manifest: ({ layers, ...rest }) => ({ ...rest, layers: layers.slice(1) }) }],
    ['its last layer', { manifest: ({ layers, ...rest }) => ({ ...rest, layers: layers.slice(0, -1) }) }],
    ['any layer', { manifest: (manifest) => ({ ...manifest, layers: [] }) }],
    ['images', { index: (index) => ({ ...index, manifests: [] }) }],
    ['tags', { top: (top) => ({ ...top, manifests: [] }) }],
  ])('is a coded error or a right result without %s', async (_, alterations) => {
    const layout = await smallCopy();
    await alterLayout(layout, alterations);
    const failure = await command(layout.folder).then(
      () => null,
      (error: unknown) => error,
    );
    if (!isCodedError(failure)) expect(failure).toBeNull();
  });

  test.each(BLOB_DAMAGE)('is a coded error where a layer is $name', async ({ apply }) => {
    const layout = await smallCopy();
    const { images } = await walkLayout(layout);
    await apply(blobPath(layout, images[0]?.layers[1]?.digest ?? 'sha256:'));
    await expect(command(layout.folder)).rejects.toSatisfy(isCodedError);
  });

  test('is a coded error where its blobs are not a folder', async () => {
    const layout = await smallCopy();
    await rm(join(layout.folder, 'blobs'), { recursive: true });
    await expect(command(layout.folder)).rejects.toSatisfy(isCodedError);
  });
});
