import { describe, expect, test } from 'vitest';
import type { Lock, LockedPlatform } from './lock.ts';
import { DOCUMENTS_VERSION, inputsOf, LAYERS_VERSION, numberRebuilds, recipeHash } from './rebuilds.ts';
import { lockOf } from './testing/lock.ts';

const lock = lockOf({ latest: { 'linux/amd64': '11.1.3', 'linux/riscv64': '11.1.2' } });
const first = numberRebuilds(lock, 'recipe', {});
const numbers = (rebuilds: typeof first) =>
  Object.fromEntries(Object.entries(rebuilds).map(([version, { number }]) => [version, number]));

test('the first build of a version has number 1', () => {
  expect(numbers(first)).toEqual({ '11.1.3': 1, '11.1.2': 1 });
});

test('nothing changed: the numbers stay', () => {
  expect(numberRebuilds(lock, 'recipe', first)).toEqual(first);
});

test('another recipe raises every number', () => {
  expect(numbers(numberRebuilds(lock, 'another', first))).toEqual({ '11.1.3': 2, '11.1.2': 2 });
});

test('a platform that catches up raises the number of the version it joins', () => {
  const later = lockOf({ latest: { 'linux/amd64': '11.1.3', 'linux/riscv64': '11.1.3' } });
  expect(numbers(numberRebuilds(later, 'recipe', first))).toEqual({ '11.1.3': 2, '11.1.2': 1 });
});

test('sources that become known raise the numbers, for the images name them', () => {
  const file = { path: 'pool/main/q/qemu/qemu_11.1.3.dsc', size: 1, sha256: 'a'.repeat(64) };
  const named = { ...lock, sources: { 'qemu-user 1:11.1.3+ds-1': { licenses: ['GPL-2'], files: [file] } } };
  expect(numbers(numberRebuilds(named, 'recipe', first))).toEqual({ '11.1.3': 2, '11.1.2': 1 });
});

test('other guests of the images common raise every number', () => {
  const more = { ...lock, common: ['aarch64', 'arm'] } as Lock;
  expect(numbers(numberRebuilds(more, 'recipe', first))).toEqual({ '11.1.3': 2, '11.1.2': 2 });
});

/** The lock with another platform in place of amd64's. */
const with64 = (
  change: (locked: LockedPlatform) => Partial<LockedPlatform>,
  platform = 'linux/amd64',
): Lock => {
  const { latest } = lock.channels;
  const locked = latest?.platforms['linux/amd64'];
  if (latest === undefined || locked === undefined) throw new Error('the lock has no amd64');
  const { 'linux/amd64': _, ...others } = latest.platforms;
  const platforms = { ...others, [platform]: { ...locked, ...change(locked) } };
  return { ...lock, channels: { latest: { ...latest, platforms } } };
};

describe('the number of a version is raised, and no other, by', () => {
  test.each<[string, Lock]>([
    ['other emulators', with64(({ emulators }) => ({ emulators: { ...emulators, sha256: 'b'.repeat(64) } }))],
    ['another shell', with64(({ shell }) => ({ shell: { ...shell, sha256: 'b'.repeat(64) } }))],
    ['another date of release, which its files have', with64(() => ({ released: '2026-10-31T08:08:01Z' }))],
    ['the same packages on another platform', with64(() => ({}), 'linux/arm64')],
  ])('%s', (_, changed) => {
    expect(numbers(numberRebuilds(changed, 'recipe', first))).toEqual({ '11.1.3': 2, '11.1.2': 1 });
  });
});

test('the origin of the packages does not count: it raises no number', () => {
  const moved = with64(({ emulators }) => ({ emulators: { ...emulators, path: 'pool/other.deb' } }));
  expect(numberRebuilds(moved, 'recipe', first)).toEqual(first);
});

test('neither does the order of channels', () => {
  const two = lockOf({ a: { 'linux/amd64': '11.1.3' }, b: { 'linux/arm64': '11.1.3' } });
  const { a, b } = two.channels;
  const turned = { ...two, channels: { b, a } } as Lock;
  expect(inputsOf(turned, 'recipe', '11.1.3')).toBe(inputsOf(two, 'recipe', '11.1.3'));
});

test('a version that is gone keeps its number, and goes on from it when it comes back', () => {
  const without = lockOf({ latest: { 'linux/amd64': '11.1.4' } });
  const gone = numberRebuilds(without, 'recipe', first);
  expect(numbers(gone)).toEqual({ '11.1.3': 1, '11.1.2': 1, '11.1.4': 1 });
  expect(numbers(numberRebuilds(lock, 'another', gone))).toMatchObject({ '11.1.3': 2 });
});

test('a recipe counts as packed and described in today’s ways', () => {
  const today = recipeHash('FROM scratch', 'script', [LAYERS_VERSION, DOCUMENTS_VERSION]);
  expect(recipeHash('FROM scratch', 'script')).toBe(today);
});

describe('a recipe is another one with', () => {
  test.each([
    ['another template', recipeHash('FROM other', 'script')],
    ['another register script', recipeHash('FROM scratch', 'other')],
    [
      'layers that are packed in another way',
      recipeHash('FROM scratch', 'script', [LAYERS_VERSION + 1, DOCUMENTS_VERSION]),
    ],
    [
      'documents that say something else',
      recipeHash('FROM scratch', 'script', [LAYERS_VERSION, DOCUMENTS_VERSION + 1]),
    ],
  ])('%s', (_, other) => {
    expect(other).not.toBe(recipeHash('FROM scratch', 'script'));
    expect(other).toMatch(/^[0-9a-f]{64}$/);
  });
});
