import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openFiles } from '@qemu-user-static/files/testing';
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import {
  blobPath,
  type Descriptor,
  type Digest,
  type FoundImage,
  hexOf,
  type Layout,
  walkLayout,
} from './index.ts';
import {
  type Alterations,
  alterLayout,
  BLOB_DAMAGE,
  type Json,
  jsonDamage,
  makeSmallLayout,
} from './testing/index.ts';

/** A disk that fails where a path has this in it. */
const disk = vi.hoisted(() => ({ failing: '' }));
vi.mock('node:fs/promises', async (original) => {
  const fs = await original<typeof import('node:fs/promises')>();
  const open: typeof fs.open = (path, ...rest) =>
    disk.failing !== '' && String(path).includes(disk.failing)
      ? Promise.reject(Object.assign(new Error('EIO: i/o error, open'), { code: 'EIO' }))
      : fs.open(path, ...rest);
  return { ...fs, open };
});

const AMD64 = { os: 'linux', architecture: 'amd64' };
const RISCV64 = { os: 'linux', architecture: 'riscv64' };

let folder: string;
let layout: Layout;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'walk-layout-'));
  layout = await makeSmallLayout(join(folder, 'oci'), [AMD64, RISCV64]);
});
afterEach(() => rm(folder, { recursive: true }));

const indexPath = () => join(layout.folder, 'index.json');
const blobOf = (digest: Digest | undefined) => blobPath(layout, digest ?? 'sha256:');

describe('a sound layout', () => {
  test('is found whole: its tags, and each image once', async () => {
    const { tags, images, problems } = await walkLayout(layout);
    expect(problems).toEqual([]);
    expect(tags.map(({ tag, entries }) => [tag, entries.map(({ platform }) => platform)])).toEqual([
      ['all', [AMD64, RISCV64]],
      ['one', [AMD64]],
    ]);
    expect(images.map(({ config }) => config.architecture)).toEqual(['amd64', 'riscv64']);
    for (const { manifest, layers } of images) {
      const { layers: listed } = JSON.parse(await readFile(blobOf(manifest.digest), 'utf8'));
      const [{ digest, size }] = listed;
      expect(layers).toEqual([{ digest, size, compression: 'gzip' }]);
    }
  });

  test('has documents of 4 MiB at most, none of which stays open', async () => {
    const padded = (size: number) => (value: Json) => JSON.stringify(value).padEnd(size);
    await alterLayout(layout, { manifest: padded(4 << 20) });
    expect((await walkLayout(layout)).problems).toEqual([]);
    expect((await openFiles()).filter((path) => path.startsWith(folder))).toEqual([]);
    await alterLayout(layout, { manifest: padded((4 << 20) + 1) });
    const { problems } = await walkLayout(layout);
    expect(problems[0]).toMatch(/ has 4194305 bytes, which is too large$/);
  });

  test('is followed only where it is wanted', async () => {
    const [index] = (await walkLayout(layout)).tags;
    await rm(blobOf(index?.descriptor.digest));
    const { tags, problems } = await walkLayout(layout, (tag) => tag === 'one');
    expect([tags.map(({ tag }) => tag), problems]).toEqual([['one'], []]);
  });

  test('may list an image under a second platform', async () => {
    const second = { ...AMD64, variant: 'v2' };
    await alterLayout(layout, {
      index: (value) => ({
        ...value,
        manifests: [...value.manifests, { ...value.manifests[0], platform: second }],
      }),
    });
    const { tags, images, problems } = await walkLayout(layout);
    expect(problems).toEqual([]);
    expect(tags[0]?.entries.map(({ platform }) => platform)).toEqual([AMD64, RISCV64, second]);
    expect(tags[0]?.images.map(({ config }) => config.architecture)).toEqual(['amd64', 'riscv64']);
    expect(tags[0]?.images.map(({ manifest }) => manifest.platform)).toEqual([undefined, undefined]);
    expect(images).toHaveLength(2);
  });

  test('may leave out what OCI leaves to its maker', async () => {
    await alterLayout(layout, {
      config: ({ created: _, history: __, config: ___, ...rest }) => rest,
      manifest: ({ annotations: _, mediaType: __, ...rest }) => rest,
      index: ({ annotations: _, mediaType: __, ...rest }) => rest,
      top: ({ mediaType: _, ...rest }) => rest,
    });
    const { images, problems } = await walkLayout(layout);
    expect([problems, images[0]?.annotations, images[0]?.config.history]).toEqual([[], {}, []]);
  });
});

describe('what is wrong with a tag:', () => {
  const tagged = (...names: (string | undefined)[]) =>
    alterLayout(layout, {
      top: ({ manifests, ...rest }) => ({
        ...rest,
        manifests: names.map((name) => ({
          ...manifests[0],
          annotations: { ...(name !== undefined && { 'org.opencontainers.image.ref.name': name }) },
        })),
      }),
    });

  test.each([
    ['no name', [undefined], '"" is not a tag'],
    ['an empty name', [''], '"" is not a tag'],
    ['a name that is a path', ['../all'], '"../all" is not a tag'],
    ['a name of more than 128 characters', ['a'.repeat(129)], `"${'a'.repeat(129)}" is not a tag`],
    ['a name that writes to the terminal', ['a\u001b[2J\nb'], '"a\\u{1b}[2J\\nb" is not a tag'],
    ['a name that was there before', ['all', 'all'], 'it lists the tag all twice'],
  ])('%s', async (_, names, problem) => {
    await tagged(...names);
    const { tags, problems } = await walkLayout(layout);
    expect(problems).toEqual([`index.json: ${problem}`]);
    expect(tags).toHaveLength(names.length - 1);
  });

  test('nothing about a name of 128 characters', async () => {
    await tagged('a'.repeat(128));
    expect((await walkLayout(layout)).problems).toEqual([]);
  });
});

/** The documents that tag `one` leads to, and the words by which an error names them. */
const DOCUMENTS: [
  string,
  (layout: { images: readonly FoundImage[]; index: Descriptor }) => Promise<Digest> | Digest,
][] = [
  ['image index', ({ index }) => index.digest],
  ['image manifest', ({ images }) => images[1]?.manifest.digest ?? 'sha256:'],
  [
    'image config',
    async ({ images }) =>
      JSON.parse(await readFile(blobOf(images[1]?.manifest.digest), 'utf8')).config.digest,
  ],
];

describe.each(DOCUMENTS)('in place of an %s', (_, find) => {
  let digest: Digest;
  beforeEach(async () => {
    const { tags, images } = await walkLayout(layout);
    const index = tags[0]?.descriptor;
    if (index === undefined) throw new Error('the layout has no tag');
    digest = await find({ images, index });
  });

  test.each(BLOB_DAMAGE)(
    '$name is a problem of the tags that need it, and only theirs',
    async ({ apply }) => {
      await apply(blobOf(digest));
      const { tags, problems } = await walkLayout(layout);
      expect(problems).toHaveLength(1);
      expect(problems[0]).toMatch(new RegExp(`^all: .*blob ${digest}`));
      expect(tags.map(({ images }) => images.length).at(-1)).toBe(1);
      expect(tags.flatMap(({ images }) => images)).not.toContain(null);
    },
  );

  test('a disk that fails is not a problem of the layout, but an error', async () => {
    disk.failing = hexOf(digest);
    onTestFinished(() => {
      disk.failing = '';
    });
    await expect(walkLayout(layout)).rejects.toMatchObject({ code: 'EIO' });
  });

  test('other bytes of the same length are a problem', async () => {
    const bytes = await readFile(blobOf(digest));
    await writeFile(blobOf(digest), Buffer.concat([bytes.subarray(0, -1), Buffer.from(' ')]));
    expect((await walkLayout(layout)).problems).toEqual([
      `all: ${layout.folder}: document ${digest} has another digest`,
    ]);
  });
});

const KINDS = ['config', 'manifest', 'index'] as const satisfies (keyof Alterations)[];

describe.each(KINDS)('one %s whose digest is right', (kind) => {
  test.each([
    ['is not JSON', '{', 'it is not JSON'],
    ['is null', 'null', `it is not an image ${kind}: Invalid input: expected object, received null`],
    ['is a list', '[]', `it is not an image ${kind}: Invalid input: expected object, received array`],
  ])('and that %s is a problem, and what lies behind it is not followed', async (_, text, problem) => {
    await alterLayout(layout, { [kind]: () => text });
    const { problems, images } = await walkLayout(layout);
    expect(problems.every((one) => one.endsWith(`: ${problem}`))).toBe(true);
    // Both manifests are the same document then; the tag that is not an index stays.
    const expected = { config: [2, 0], manifest: [1, 0], index: [1, 1] };
    expect([problems.length, images.length]).toEqual(expected[kind]);
  });

  test('is a problem or sound, whatever is in it', async () => {
    const original = layout;
    const value = await documentOfKind(kind);
    for (const { apply } of jsonDamage(value)) {
      layout = await makeSmallLayout(join(folder, crypto.randomUUID()), [AMD64]);
      await alterLayout(layout, { [kind]: apply });
      const { problems, tags } = await walkLayout(layout);
      expect(problems.length > 0 || tags.length === 2).toBe(true);
      await rm(layout.folder, { recursive: true });
    }
    layout = original;
  });
});

async function documentOfKind(kind: (typeof KINDS)[number]): Promise<Json> {
  let found: Json;
  await alterLayout(layout, {
    [kind]: (value: Json) => {
      found = value;
      return value;
    },
  });
  return found;
}

describe('media types', () => {
  const withType = (mediaType: string) => (descriptor: Json) => ({ ...descriptor, mediaType });
  test.each<[string, Alterations, string]>([
    [
      'a layer that is not a layer of OCI',
      { manifest: (value) => ({ ...value, layers: value.layers.map(withType('application/x\u001b')) }) },
      'is of media type "application/x\\u{1b}"',
    ],
    [
      'a config that is not a config of OCI',
      { manifest: (value) => ({ ...value, config: withType('application/json')(value.config) }) },
      'is of media type "application/json"',
    ],
    [
      'an image that is not an image of OCI',
      { index: (value) => ({ ...value, manifests: value.manifests.map(withType('text/plain')) }) },
      'is of media type "text/plain"',
    ],
    [
      'a manifest that says that it is an index',
      { manifest: (value) => ({ ...value, mediaType: 'application/vnd.oci.image.index.v1+json' }) },
      'expected "application/vnd.oci.image.manifest.v1+json"',
    ],
  ])('%s is a problem', async (_, alterations, problem) => {
    await alterLayout(layout, alterations);
    const { problems } = await walkLayout(layout, (tag) => tag === 'all');
    expect(problems).toHaveLength(2);
    expect(problems.every((one) => one.includes(problem))).toBe(true);
  });
});

test('a document that says it has more than 4 MiB is not read', async () => {
  await alterLayout(layout, { config: (value) => ({ ...value, filler: 'x'.repeat(4 << 20) }) });
  const { problems } = await walkLayout(layout, (tag) => tag === 'one');
  expect(problems).toEqual([expect.stringMatching(/has 4194\d{3} bytes, which is too large$/)]);
});

test('a descriptor with another size than the document is a problem, also where another one was right', async () => {
  await alterLayout(layout, {
    top: ({ manifests: [all, one] }) => ({
      schemaVersion: 2,
      manifests: [all, { ...one, size: one.size + 1 }],
    }),
  });
  const { problems } = await walkLayout(layout);
  expect(problems).toEqual([
    expect.stringMatching(/^one: .*blob sha256:[0-9a-f]{64} has \d+ bytes, not \d+$/),
  ]);
});

describe.each(['index.json', 'oci-layout'])('in place of %s', (name) => {
  test.each(BLOB_DAMAGE.filter(({ name: one }) => name === 'index.json' || one !== 'a longer file'))(
    '$name is refused',
    async ({ apply }) => {
      await apply(join(layout.folder, name));
      await expect(walkLayout(layout)).rejects.toMatchObject({
        code: 'LAYOUT_INVALID',
        message: expect.stringContaining(name),
      });
    },
  );

  test('JSON that is something else is refused', async () => {
    const text = await readFile(join(layout.folder, name), 'utf8');
    let refused = 0;
    for (const { name: damage, apply } of jsonDamage(JSON.parse(text))) {
      await writeFile(join(layout.folder, name), JSON.stringify(apply(JSON.parse(text))) ?? '');
      const found = await walkLayout(layout).catch((error) => error);
      if (found.code === 'LAYOUT_INVALID') refused += 1;
      else expect(Array.isArray(found.problems), damage).toBe(true);
    }
    expect(refused).toBeGreaterThan(name === 'index.json' ? 100 : 20);
  });

  test('a file that is larger than 4 MiB is refused', async () => {
    const path = join(layout.folder, name);
    await writeFile(path, `${await readFile(path, 'utf8')}${' '.repeat(4 << 20)}`);
    await expect(walkLayout(layout)).rejects.toThrow('which is too large');
  });
});

test('a folder that is not there, and one that is empty, are refused', async () => {
  for (const place of [join(folder, 'nowhere'), folder])
    await expect(walkLayout({ folder: place })).rejects.toMatchObject({ code: 'LAYOUT_INVALID' });
});

test('an index.json that leads out of the folder is refused', async () => {
  const text = await readFile(indexPath(), 'utf8');
  await writeFile(indexPath(), text.replaceAll(/sha256:[0-9a-f]{64}/g, 'sha256:../../../secret'));
  await expect(walkLayout(layout)).rejects.toMatchObject({
    code: 'LAYOUT_INVALID',
    message: expect.stringContaining('manifests.0.digest: expected sha256: and 64 lower-case'),
  });
});
