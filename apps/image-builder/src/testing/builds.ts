import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeEmulators, makeShell } from '@qemu-user-static/lock/testing';
import { afterAll } from 'vitest';
import type { BuildSettings, Built } from '../build/build.ts';
import type { BuilderEvent } from '../report/events.ts';
import { lockMade, proofMade } from './packages.ts';

// Packages of three hosts, made here, and how to build images of them.

const template = await readFile(new URL('../../../../Dockerfile.template', import.meta.url), 'utf8');
export const folder = await mkdtemp(join(tmpdir(), 'build-'));
afterAll(() => rm(folder, { recursive: true }));

const platform = async (
  name: 'linux/amd64' | 'linux/arm64' | 'linux/arm/v7',
  version: string,
  guests: string[],
) => ({
  platform: name,
  version,
  emulators: await makeEmulators(name, version, guests),
  shell: await makeShell(name),
});
const made = [
  await platform('linux/amd64', '11.1.3', ['aarch64', 'arm', 'cris']),
  await platform('linux/arm64', '11.1.3', ['aarch64', 'arm']),
  await platform('linux/arm/v7', '10.2.2', ['arm']),
];
export const { lock, fetched } = await lockMade('latest', made, folder);
const script = '#!/bin/sh\n';
/** The reference for images of a lock whose packages are in `folder`. */
export const proofFor = (one = lock) => proofMade(one, template, script, folder);

/** The events of builds. */
export const events: BuilderEvent[] = [];
/** A build of all of it, unless `change` says otherwise. */
export const contextFor = (output: string, change: Partial<BuildSettings> = {}): BuildSettings => ({
  output: join(folder, output),
  template,
  script,
  compressions: ['gzip', 'zstd'],
  origin: { inputsOf: () => 'a'.repeat(64), source: 'https://example.org/qemu-user-static' },
  sourceDateEpoch: null,
  cache: join(folder, `${output}-cache`),
  onEvent: (event) => events.push(event),
  ...change,
});
/** For `check`. */
export const silent = { onEvent: () => undefined, afresh: true, hashed: new Set<never>() };
export const digests = ({ tags }: Built) =>
  tags.map(({ plan, descriptor }) => `${plan.tag} ${descriptor.digest}`);
/** The code of the error that a work ends in. */
export const refusal = (work: Promise<unknown>) =>
  work.then(
    () => 'accepted',
    (error) => error.code ?? error,
  );
