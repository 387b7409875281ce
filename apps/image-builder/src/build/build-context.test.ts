import { hash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import type { HostPlatform } from '@qemu-user-static/arch-table';
import { type FetchContext, openHttp } from '@qemu-user-static/debian-archive';
import { formatLock, parseLock } from '@qemu-user-static/lock';
import { makeEmulators, makeShell } from '@qemu-user-static/lock/testing';
import { type FoundImage, readLayer, walkLayout } from '@qemu-user-static/oci-image';
import { renderRegisterScript } from '@qemu-user-static/register';
import { unpackTar } from 'modern-tar';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { ContextFile } from '../images/context.ts';
import { parseDockerfile } from '../images/dockerfile.ts';
import { originOf } from '../images/labels.ts';
import { imageFor } from '../images/listing.ts';
import { lockChannels } from '../testing/packages.ts';
import { type Built, build } from './build.ts';
import { contentsNamed, contextArchive, openBuildContext } from './build-context.ts';
import type { BuildInputs } from './inputs.ts';

// What an engine is given to build is what the built-in builder makes: file by file, and label by label.

const folder = await mkdtemp(join(tmpdir(), 'build-context-'));
const http = openHttp({});
afterAll(async () => {
  await http.close();
  await rm(folder, { recursive: true, force: true });
});

const ARM = 'linux/arm/v7';
const AMD64 = 'linux/amd64';
const SOURCE = 'https://example.org/o/r';
const template = await readFile(new URL('../../../../Dockerfile.template', import.meta.url), 'utf8');
const made = async (platform: HostPlatform, version: string, guests: string[], name?: string) => ({
  platform,
  version,
  guests,
  emulators: await makeEmulators(platform, version, guests, [], name),
  shell: await makeShell(platform),
});
const packages = join(folder, 'cache', 'sha256');
await mkdir(packages, { recursive: true });
const { lock: written, fetched } = await lockChannels(
  {
    latest: {
      made: [await made(AMD64, '11.1.3', ['aarch64', 'arm']), await made(ARM, '10.2.2', ['arm', 'mips'])],
      guestsFrom: { [ARM]: ['oldstable'] },
    },
    // The newer of the two, so that the time of an image shows whether it has any of it.
    oldstable: {
      made: [
        {
          ...(await made(ARM, '7.2', ['aarch64', 'arm', 'ppc'], 'qemu-user-static')),
          released: '2026-12-24T18:00:00Z',
        },
      ],
    },
  },
  packages,
);
const lock = parseLock(formatLock(written));
const script = renderRegisterScript(SOURCE);
const archive: FetchContext = {
  // Nothing listens there: only files in the cache are available.
  mirror: new URL('http://127.0.0.1:1/debian'),
  snapshot: new URL('http://127.0.0.1:1/'),
  cache: join(folder, 'cache'),
  http,
};
const inputs: BuildInputs = {
  archive,
  template,
  source: SOURCE,
  sourceDateEpoch: null,
  onEvent: () => undefined,
};

let built: Built;
let found: Awaited<ReturnType<typeof walkLayout>>;
beforeAll(async () => {
  built = await build(lock, fetched, {
    ...inputs,
    output: join(folder, 'oci'),
    script,
    compressions: ['gzip'],
    origin: originOf(lock, template, script, SOURCE),
    cache: join(folder, 'layers'),
  });
  found = await walkLayout(built.layout);
});

/** A file as it is in the image: type, mode, content. */
type Files = Record<string, string>;

async function filesOf({ layers }: FoundImage): Promise<Files> {
  const read = await Promise.all(
    layers.map(({ digest, compression }) => readLayer({ layout: built.layout, digest, compression })),
  );
  return Object.fromEntries(
    read.flatMap(({ entries }) =>
      entries.map(({ path, type, mode, linkname, sha256 }) => [
        path,
        [type, mode.toString(8), linkname, sha256].join(' '),
      ]),
    ),
  );
}

async function contextOf(image: string, platform: HostPlatform, change: Partial<BuildInputs> = {}) {
  const contents = contentsNamed(image, lock);
  const context = await openBuildContext(
    lock,
    { channel: 'latest', platform, contents },
    { ...inputs, ...change },
  );
  const files: ContextFile[] = [];
  for await (const file of context.files) files.push(file);
  const text = files.at(-1)?.path === 'Dockerfile' ? files.pop()?.content : undefined;
  const recipe = parseDockerfile(Buffer.from(text ?? '').toString());
  const copied = files.flatMap(({ path, type, mode, linkname = '', content }): [string, string][] => {
    const [, inside] = /^[^/]+\/(.+)$/.exec(path) ?? [];
    return inside === undefined
      ? []
      : [[inside, [type, mode.toString(8), linkname, hash('sha256', content)].join(' ')]];
  });
  return { ...context, recipe, paths: files.map(({ path }) => path), copied: Object.fromEntries(copied) };
}

const imageOf = (tag: string, platform: HostPlatform) => {
  const image = imageFor(found.tags.find((one) => one.tag === tag)?.images ?? [], platform);
  if (image === undefined) throw new Error(`no ${tag} for ${platform}`);
  return image;
};

/** An image has the time of the newest package that it has anything of, or of the platform's own. */
describe.each([AMD64, ARM] as const)('the context for %s', (platform) => {
  test.each(['latest', 'common', 'register', 'aarch64', 'arm'])('of %s gives its image', async (name) => {
    const { copied, recipe, created, guests } = await contextOf(name, platform);
    const { annotations, config, ...image } = imageOf(name, platform);
    expect(copied).toEqual(await filesOf({ annotations, config, ...image }));
    expect(recipe.labels).toEqual(annotations);
    expect(new Date(created * 1000).toISOString().replace('.000', '')).toBe(
      annotations['org.opencontainers.image.created'],
    );
    expect([...guests].sort()).toEqual(
      (annotations['io.github.qemu-user-static.guests'] ?? '').split(' ').filter((guest) => guest !== ''),
    );
    expect([recipe.entrypoint, recipe.env]).toEqual([config.config.Entrypoint, config.config.Env]);
  });
});

test('every folder comes once, and before what is in it', async () => {
  const { paths } = await contextOf('latest', AMD64);
  expect(new Set(paths).size).toBe(paths.length);
  for (const [index, path] of paths.entries()) {
    const parent = path.slice(0, Math.max(0, path.lastIndexOf('/')));
    if (parent !== '') expect(paths.slice(0, index)).toContain(parent);
  }
});

test('the archive has the same files, of one time, and the Dockerfile at its end', async () => {
  const { paths } = await contextOf('register', AMD64);
  const opened = await openBuildContext(
    lock,
    { channel: 'latest', platform: AMD64, contents: { kind: 'register' } },
    { ...inputs, sourceDateEpoch: 1_000_000_000 },
  );
  const entries = await unpackTar(await buffer(contextArchive(opened)), { strict: true });
  expect(entries.map(({ header: { name } }) => name.replace(/\/$/, ''))).toEqual([...paths, 'Dockerfile']);
  expect(new Set(entries.map(({ header: { mtime } }) => mtime?.getTime()))).toEqual(new Set([1e12]));
  const modeOf = (path: string) =>
    entries.find(({ header: { name } }) => name === path)?.header.mode?.toString(8);
  expect(['register/', 'register/register', 'register/tmp/', 'Dockerfile'].map(modeOf)).toEqual([
    ...['755', '755', '1777', '644'],
  ]);
});

test('SOURCE_DATE_EPOCH is the time of the image', async () => {
  const { created, recipe } = await contextOf('arm', AMD64, { sourceDateEpoch: 1_000_000_000 });
  expect([created, recipe.labels['org.opencontainers.image.created']]).toEqual([
    1_000_000_000,
    '2001-09-09T01:46:40Z',
  ]);
});

test('a guest that the host does not have is an error that names those it has', async () => {
  await expect(contextOf('s390x', ARM)).rejects.toMatchObject({
    code: 'IMAGE_UNKNOWN',
    message: `the packages of ${ARM} have no such guest; they have arm, mips, aarch64, ppc`,
  });
});

test('a package after the one that has the guest is not read', async () => {
  const other = lock.channels.oldstable?.platforms[ARM]?.emulators;
  const path = join(packages, other?.sha256 ?? '');
  const bytes = await readFile(path);
  onTestFinished(() => writeFile(path, bytes));
  await writeFile(path, Buffer.alloc(bytes.length));
  expect((await contextOf('arm', ARM)).guests).toEqual(['arm']);
  await expect(contextOf('aarch64', ARM)).rejects.toMatchObject({ code: expect.any(String) });
});

test('a platform that the channel does not have is an error', async () => {
  await expect(contextOf('latest', 'linux/riscv64')).rejects.toMatchObject({ code: 'PLATFORM_UNAVAILABLE' });
});

test.each([
  ['latest', { kind: 'all' }],
  ['common', { kind: 'common', guests: ['aarch64'] }],
  ['register', { kind: 'register' }],
  ['aarch64', { kind: 'guest', guest: 'aarch64' }],
  // Other names of the same CPU.
  ['arm64', { kind: 'guest', guest: 'aarch64' }],
])('--image %s', (image, contents) => {
  expect(contentsNamed(image, lock)).toEqual(contents);
});

test('--image with a name that is not one lists those that are', () => {
  expect(() => contentsNamed('vax', lock)).toThrow(
    expect.objectContaining({
      code: 'IMAGE_UNKNOWN',
      message: expect.stringMatching(/^no image "vax"; images: latest, common, register, .*\baarch64\b/),
    }),
  );
});
