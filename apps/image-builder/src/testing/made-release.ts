import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { formatLock, type Lock, parseLock } from '@qemu-user-static/lock';
import { makeEmulators, makeShell } from '@qemu-user-static/lock/testing';
import { type BuildSettings, build, type FetchedChannel } from '../build/build.ts';
import type { Proof } from '../check/proof.ts';
import type { ImageSet } from '../layouts/image-set.ts';
import { loadImages } from '../layouts/load.ts';
import { lockMade, proofMade } from './packages.ts';

/** A lock as it is read from its file, and its packages, small and made here: three platforms, one of them of another version. */
export interface MadeRelease {
  readonly lock: Lock;
  readonly fetched: readonly FetchedChannel[];
  readonly proof: Proof;
}

const template = await readFile(new URL('../../../../Dockerfile.template', import.meta.url), 'utf8');
const SCRIPT = '#!/bin/sh\n';

const PLATFORMS = [
  ['linux/amd64', '11.1.3', ['aarch64', 'arm']],
  ['linux/arm64', '11.1.3', ['aarch64', 'arm']],
  ['linux/arm/v7', '10.2.2', ['arm']],
] as const;

export async function madeRelease(folder: string): Promise<MadeRelease> {
  const made = PLATFORMS.map(async ([platform, version, guests]) => ({
    platform,
    version,
    emulators: await makeEmulators(platform, version, guests),
    shell: await makeShell(platform),
  }));
  const { lock, fetched } = await lockMade('latest', await Promise.all(made), folder);
  const read = parseLock(formatLock(lock));
  return { lock: read, fetched, proof: proofMade(read, template, SCRIPT, folder) };
}

export function contextOf(output: string): BuildSettings {
  return {
    output,
    template,
    script: SCRIPT,
    compressions: ['gzip', 'zstd'],
    origin: { inputsOf: () => 'a'.repeat(64), source: 'https://example.org/qemu-user-static' },
    sourceDateEpoch: null,
    cache: `${output}-cache`,
    onEvent: () => undefined,
  };
}

/** The made release as a layout in `folder`, loaded. */
export async function madeSet(folder: string): Promise<ImageSet> {
  const { lock, fetched, proof } = await madeRelease(folder);
  const output = join(folder, 'oci');
  await build(lock, fetched, contextOf(output));
  return loadImages([output], proof, [], contextOf(output));
}
