import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { GUEST_NAMES, HOST_PLATFORMS } from '@qemu-user-static/arch-table';
import { planTags } from '@qemu-user-static/image-builder/testing';
import { type Lock, readLock, versionPrefixes } from '@qemu-user-static/lock';
import { describe, expect, test } from 'vitest';
import { PROJECT } from './project-names.ts';
import { projectFiles, ROOT } from './repository.ts';

// A tag that a page names can be pulled once the images of the lock are published. Versions that Debian no longer has stay
// in the lock's `rebuilds`, as their tags stay in registries.

const lock = await readLock(resolve(ROOT, 'sources.lock.json'));
const everyGuest = new Map(HOST_PLATFORMS.map((platform) => [platform, GUEST_NAMES]));
const planned = Object.keys(lock.channels).flatMap((channel) => planTags(lock, channel, everyGuest));
const names = new Set(planned.map(({ tag }) => tag));
/** `x86_64-aarch64-VERSION-N-zstd`: the tags that name one version, without it. */
const shapes = new Set(planned.filter(({ exact }) => exact).map(({ tag, version }) => shapeOf(tag, version)));

function shapeOf(tag: string, version: string): string {
  return tag.replace(version, 'VERSION').replace(/VERSION-\d+/, 'VERSION-N');
}

/** Whether the lock gives a tag, now or when its version was the newest. */
function isGiven(tag: string, { rebuilds }: Lock): boolean {
  if (names.has(tag)) return true;
  return Object.entries(rebuilds).some(([version, { number }]) => {
    const [, build] = /-(\d+)(?:-gzip|-zstd)?$/.exec(tag.slice(tag.indexOf(version) + version.length)) ?? [];
    const isExact = tag.includes(version) && shapes.has(shapeOf(tag, version));
    const isMoving = versionPrefixes(version).includes(tag.replace(/-(gzip|zstd)$/, ''));
    return isMoving || (isExact && Number(build ?? 1) <= number);
  });
}

const NAME = RegExp.escape(PROJECT.image.split('/').at(-1) ?? '');
const REFERENCE = new RegExp(`(?:${NAME}|IMAGE)[:@]v?(\\w[\\w.-]*\\w)`, 'gi');

/** Tags after the name of the image, or alone in code, that name a version with three numbers, or a build. */
function tagsIn(text: string): string[] {
  const references = text.matchAll(REFERENCE);
  const alone = text.matchAll(/`v?((?:[a-z][a-z0-9_]*-)*\d+\.\d+(?:\.\d+)?-\d+(?:-gzip|-zstd)?)`/g);
  const placeholder = /^(sha256|main|[A-Z]+)$/;
  return [...references, ...alone].map(([, tag = '']) => tag).filter((tag) => !placeholder.test(tag));
}

const pages = projectFiles('*.md', 'examples/**', '.github/ISSUE_TEMPLATE/*');

describe('a page names only tags that the lock gives:', () => {
  test.each(pages)('%s', (page) => {
    const tags = tagsIn(readFileSync(resolve(ROOT, page), 'utf8'));
    expect(tags.filter((tag) => !isGiven(tag, lock))).toEqual([]);
  });
});

test('tags are found, and those are distinguished that the lock does not give', () => {
  const text = `pull ${PROJECT.image}:x86_64-aarch64-11.1.3-1, then \`register-99.0.0-1\` or IMAGE:nothing`;
  expect(tagsIn(text)).toEqual(['x86_64-aarch64-11.1.3-1', 'nothing', 'register-99.0.0-1']);
  const known = { ...lock, rebuilds: { '9.2.0': { number: 2, inputs: '' } } };
  const given = [
    'latest',
    '9.2',
    '9.2.0',
    '9.2.0-2',
    'aarch64-9.2.0-1-zstd',
    'register-9.2.0-2',
    '9.2.0-2-gzip',
  ];
  expect(given.filter((tag) => isGiven(tag, known))).toEqual(
    given.filter((tag) => tag !== 'aarch64-9.2.0-1-zstd'),
  );
  expect(['9.2.0-3', '9.3', 'x-9.2.0-1'].filter((tag) => isGiven(tag, known))).toEqual([]);
});
