import type { GuestName } from '@qemu-user-static/arch-table';
import { emulatorPackagesOf, inputsOf, recipeHash } from '@qemu-user-static/lock';
import { lockOf } from '@qemu-user-static/lock/testing';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  documentLabels,
  guestsInside,
  type ImageOrigin,
  type InsidePackage,
  imageLabels,
  originOf,
  packagesInside,
} from './labels.ts';
import type { Contents } from './tags.ts';

const base = lockOf({ latest: { 'linux/arm/v7': '10.2.2' }, stable: { 'linux/arm/v7': '7.2.1' } });
const [latest, stable] = [base.channels.latest, base.channels.stable];
if (latest === undefined || stable === undefined) throw new Error('the lock lacks a channel');
const lock = {
  ...base,
  channels: { stable, latest: { ...latest, guestsFrom: { 'linux/arm/v7': ['stable'] } } },
} as typeof base;
const packages = emulatorPackagesOf(lock, 'latest', 'linux/arm/v7');
let origin: ImageOrigin;
beforeAll(() => {
  origin = originOf(lock, 'FROM scratch', '#!/bin/sh\n', 'https://example.org/project');
});

const inside = (index: number, ...guests: GuestName[]): InsidePackage => {
  const one = packages[index];
  if (one === undefined) throw new Error(`no package ${index}`);
  return { ...one, guests };
};
const labelsOf = (first: InsidePackage, ...others: InsidePackage[]) =>
  imageLabels({
    contents: { kind: 'all' },
    created: '2026-10-30T08:08:01Z',
    origin,
    platform: 'linux/arm/v7',
    packages: [first, ...others],
  });
const OWN = 'io.github.qemu-user-static';

test('the inputs of an image are those of its QEMU version, with the recipe and the register program', () => {
  const hashOf = (template: string, script: string) => inputsOf(lock, recipeHash(template, script), '10.2.2');
  expect(origin.source).toBe('https://example.org/project');
  expect(origin.inputsOf('10.2.2')).toBe(hashOf('FROM scratch', '#!/bin/sh\n'));
  expect(origin.inputsOf('10.2.2')).not.toBe(hashOf('FROM scratch', '#!/bin/sh\nexit\n'));
});

describe('an image', () => {
  test('names its host, its version, its package and its guests, in the order of the table', () => {
    expect(labelsOf(inside(0, 'sh4', 'arm', 'aarch64'))).toMatchObject({
      'org.opencontainers.image.version': '10.2.2',
      'org.opencontainers.image.created': '2026-10-30T08:08:01Z',
      [`${OWN}.host`]: 'armv7l',
      [`${OWN}.qemu-version`]: '10.2.2',
      [`${OWN}.debian-version`]: '1:10.2.2+ds-1',
      [`${OWN}.debian-suite`]: 'sid',
      [`${OWN}.guests`]: 'aarch64 arm sh4',
      [`${OWN}.inputs`]: origin.inputsOf('10.2.2'),
    });
  });

  test('names the version of each guest that is not of its own version, and only of those', () => {
    const labels = labelsOf(inside(0, 'arm', 'sh4'), inside(1, 'x86_64', 'aarch64'));
    expect(labels[`${OWN}.inputs`]).toBe(`${origin.inputsOf('10.2.2')} ${origin.inputsOf('7.2.1')}`);
    expect(labels[`${OWN}.guests`]).toBe('aarch64 arm sh4 x86_64');
    expect(labels[`${OWN}.other-versions`]).toBe('aarch64=7.2.1 x86_64=7.2.1');
    expect(Object.keys(labelsOf(inside(0, 'arm')))).not.toContain(`${OWN}.other-versions`);
  });

  test('is read back from its labels', () => {
    const labels = labelsOf(inside(0, 'arm', 'sh4'), inside(1, 'aarch64'));
    expect(guestsInside(labels)).toEqual({
      guests: ['aarch64', 'arm', 'sh4'],
      others: new Map([['aarch64', '7.2.1']]),
    });
    expect(guestsInside(labelsOf(inside(0, 'arm'))).others).toEqual(new Map());
    expect(guestsInside({})).toEqual({ guests: [], others: new Map() });
  });
});

describe('the packages of an image', () => {
  const versionsOf = (labels: Record<string, string>) =>
    packagesInside(labels, lock, 'latest', 'linux/arm/v7').map(({ version }) => version);

  test('are those that its labels name', () => {
    expect(packages.map(({ version }) => version)).toEqual(['10.2.2', '7.2.1']);
    expect(versionsOf(labelsOf(inside(0, 'arm')))).toEqual(['10.2.2']);
    expect(versionsOf(labelsOf(inside(0, 'arm'), inside(1, 'aarch64')))).toEqual(['10.2.2', '7.2.1']);
  });

  test('are none where it has no emulator', () => {
    expect(versionsOf(labelsOf(inside(0)))).toEqual([]);
  });
});

test.each<[Contents, string]>([
  [{ kind: 'all' }, 'every emulator of the host inside'],
  [{ kind: 'common', guests: ['arm'] }, 'the emulators that most ask for inside'],
  [{ kind: 'register' }, 'no emulator inside'],
  [{ kind: 'guest', guest: 'arm' }, 'the emulator of arm inside'],
])('what is inside is described: %j', (contents, words) => {
  const labels = documentLabels({
    contents,
    version: '10.2.2',
    otherVersions: ['7.2.1', '10.2.2'],
    created: '2026-10-30T08:08:01Z',
    origin,
  });
  expect(labels['org.opencontainers.image.description']).toMatch(new RegExp(`; ${words}$`));
  expect(labels).toMatchObject({
    'org.opencontainers.image.source': 'https://example.org/project',
    'org.opencontainers.image.documentation': 'https://example.org/project#readme',
    'org.opencontainers.image.base.name': 'scratch',
    // One of each version inside.
    [`${OWN}.inputs`]: `${origin.inputsOf('10.2.2')} ${origin.inputsOf('7.2.1')}`,
  });
});
