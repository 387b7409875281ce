import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { formatLock, parseLock } from '@qemu-user-static/lock';
import { makeEmulators, makeShell } from '@qemu-user-static/lock/testing';
import type { Layout } from '@qemu-user-static/oci-image';
import { type Alterations, alterLayout, type Json } from '@qemu-user-static/oci-image/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { build } from '../build/build.ts';
import { silent } from '../testing/builds.ts';
import { contextOf } from '../testing/made-release.ts';
import { lockChannels, type MadeChannel, type MadePlatform, proofMade } from '../testing/packages.ts';
import { check } from './check.ts';
import type { Proof } from './proof.ts';

// Images of more than one package of emulators: of one more channel, or of one more version in an image.

const folder = await mkdtemp(join(tmpdir(), 'check-packages-'));
afterAll(() => rm(folder, { recursive: true, force: true }));

const AMD64 = 'linux/amd64';
const made = async (version: string, guests: string[], name: string): Promise<MadePlatform> => ({
  platform: AMD64,
  version,
  emulators: await makeEmulators(AMD64, version, guests, [], name),
  shell: await makeShell(AMD64),
});

/** A layout with the images of all guests of each channel, in gzip, and what they are checked against. */
async function built(name: string, channels: Readonly<Record<string, MadeChannel>>) {
  const { lock: written, fetched } = await lockChannels(channels, folder);
  const lock = parseLock(formatLock(written));
  const context = { ...contextOf(join(folder, name)), compressions: ['gzip'] as const };
  const { layout } = await build(lock, fetched, context);
  await alterLayout(layout, {
    top: ({ manifests, ...rest }) => ({
      ...rest,
      manifests: manifests.filter(({ annotations }: Json) =>
        Object.keys(channels).includes(annotations['org.opencontainers.image.ref.name']),
      ),
    }),
  });
  return { layout, proof: proofMade(lock, context.template, context.script, folder) };
}

/** The problems of a copy of the layout with these alterations. */
async function problemsIn({ layout, proof }: { layout: Layout; proof: Proof }, alterations: Alterations) {
  const copy = { folder: join(folder, crypto.randomUUID()) };
  await cp(layout.folder, copy.folder, { recursive: true });
  await alterLayout(copy, alterations);
  const { message } = await check(copy, proof, silent).then(
    () => ({ message: '' }),
    (error: Error) => error,
  );
  return message
    .replaceAll(/sha256:[0-9a-f]{64}/g, 'DIGEST')
    .split('\n  - ')
    .slice(1);
}

const labelled = (labels: Readonly<Record<string, string>>, of: (labels: Json) => boolean): Alterations => ({
  config: (config) =>
    of(config.config.Labels)
      ? { ...config, config: { ...config.config, Labels: { ...config.config.Labels, ...labels } } }
      : config,
  manifest: (manifest) =>
    of(manifest.annotations)
      ? { ...manifest, annotations: { ...manifest.annotations, ...labels } }
      : manifest,
});
const GUESTS = 'io.github.qemu-user-static.guests';
const OTHERS = 'io.github.qemu-user-static.other-versions';

describe('two channels with packages of one version', () => {
  let both: Awaited<ReturnType<typeof built>>;
  beforeAll(async () => {
    both = await built('channels', {
      latest: { made: [await made('11.1.3', ['aarch64', 'arm'], 'qemu-user')] },
      stable: { made: [await made('11.1.3', ['aarch64'], 'qemu-user-static')] },
    });
  });

  test('are each compared with their own', async () => {
    const ran = process.arch === 'x64' ? { platform: AMD64, emulators: 3 } : null;
    expect(await check(both.layout, both.proof, silent)).toMatchObject({ tags: 2, images: 2, ran });
  });

  test('what differs least is reported', async () => {
    const isLatest = (labels: Json) => labels[GUESTS].includes('arm');
    expect(await problemsIn(both, labelled({ [GUESTS]: 'aarch64 arm mips' }, isLatest))).toEqual([
      'image DIGEST: the emulator of mips is missing',
    ]);
  });
});

describe.skipIf(process.arch !== 'x64')('an image with emulators of two packages (x86_64)', () => {
  let two: Awaited<ReturnType<typeof built>>;
  beforeAll(async () => {
    const latest = {
      made: [await made('11.1.3', ['arm', 'mips'], 'qemu-user')],
      guestsFrom: { [AMD64]: ['oldstable'] },
    };
    two = await built('guests', {
      latest,
      oldstable: { made: [await made('7.2', ['aarch64', 'arm'], 'qemu-user-static')] },
    });
  });

  test('is proven: each emulator prints the version of its package', async () => {
    expect(await check(two.layout, two.proof, silent)).toMatchObject({
      images: 2,
      ran: { platform: AMD64, emulators: 5 },
    });
  });

  test.each([
    [
      'that its label gives to no package',
      'aarch64=7.3',
      'usr/bin/qemu-aarch64-static of linux/amd64: it is of no package of the lock',
    ],
  ])('an emulator %s is reported', async (_, others, problem) => {
    const isLatest = (labels: Json) => labels[OTHERS] !== undefined;
    expect(await problemsIn(two, labelled({ [OTHERS]: others }, isLatest))).toEqual([problem]);
  });
});
