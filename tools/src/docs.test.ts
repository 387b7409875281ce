import { existsSync, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { emulatorOf, GUEST_NAMES } from '@qemu-user-static/arch-table';
import { guestVersions, lockedChannelOf, platformsOf, readLock } from '@qemu-user-static/lock';
import { describe, expect, test } from 'vitest';
import { asChart } from './bench/chart.ts';
import { asPage } from './bench/report.ts';
import type { Results } from './bench/results.ts';
import { readAccepted } from './conformance/accepted.ts';
import { asSlowDownChart } from './conformance/chart.ts';
import { formatGate, verdictOn } from './conformance/gate.ts';
import { asPage as conformancePage } from './conformance/page.ts';
import type { Results as ConformanceResults } from './conformance/results.ts';
import { renderErrors } from './errors-page.ts';
import { renderHosts } from './hosts-page.ts';
import { withHosts } from './hosts-table.ts';
import { projectFiles, ROOT } from './repository.ts';

const pages = projectFiles('*.md');
const textOf = (page: string) => readFileSync(resolve(ROOT, page), 'utf8');

/** Words that look like a file or folder of the project, in a sentence or in a command. */
function pathsIn(text: string): string[] {
  return text.match(/(?<![\w./-])(apps|libs|tools|docs|examples|\.ci|\.github)\/[\w./-]*\w(?![\w\\])/g) ?? [];
}

describe('what the pages name exists', () => {
  test.each(pages)('%s', (page) => {
    const text = textOf(page);
    const links = Array.from(text.matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)/g), ([, target = '']) =>
      resolve(dirname(resolve(ROOT, page)), target),
    );
    const missing = [...pathsIn(text).map((path) => resolve(ROOT, path)), ...links].filter(
      (path) => !existsSync(path),
    );
    expect(missing).toEqual([]);
  });
});

test('docs/errors.md is what the catalogues give (npm run docs writes it)', () => {
  expect(textOf('docs/errors.md')).toBe(renderErrors());
});

test('docs/benchmarks.md and .svg are what docs/benchmarks.json gives (npm run docs writes them)', () => {
  const results = JSON.parse(textOf('docs/benchmarks.json')) as Results;
  expect(textOf('docs/benchmarks.md')).toBe(asPage(results));
  expect(textOf('docs/benchmarks.svg')).toBe(asChart(results));
});

test('docs/conformance.md and .svg are what docs/conformance.json gives (npm run docs writes them)', async () => {
  const found = JSON.parse(textOf('docs/conformance.json')) as ConformanceResults;
  expect(textOf('docs/conformance.md')).toBe(conformancePage(found, await readAccepted()));
  expect(textOf('docs/conformance.svg')).toBe(asSlowDownChart(found));
});

test('every failure in docs/conformance.json has a reason in conformance.json', async () => {
  const found = JSON.parse(textOf('docs/conformance.json')) as ConformanceResults;
  expect(formatGate(verdictOn(found, await readAccepted()))).toMatch(/nothing fails that is not in/);
});

test('README.md has the hosts of the lock (npm run docs writes them)', async () => {
  const lock = await readLock(resolve(ROOT, 'sources.lock.json'));
  expect(textOf('README.md')).toBe(withHosts(textOf('README.md'), lock));
  expect(textOf('README.md')).toContain('| `linux/amd64` |');
});

test('latest has every guest on every host, as the register script says of one that an image lacks', async () => {
  const lock = await readLock(resolve(ROOT, 'sources.lock.json'));
  const emulators = GUEST_NAMES.filter((name) => emulatorOf(name) === name);
  for (const [platform] of platformsOf(lockedChannelOf(lock, 'latest'))) {
    const guests = [...guestVersions(lock, 'latest', platform).keys()].sort();
    expect([platform, guests]).toEqual([platform, [...emulators].sort()]);
  }
});

test('docs/hosts.md has the guests of the lock (npm run docs writes them)', async () => {
  const lock = await readLock(resolve(ROOT, 'sources.lock.json'));
  expect(textOf('docs/hosts.md')).toBe(renderHosts(lock));
});

test('README.md shows the two commands, each complete in itself', () => {
  expect(textOf('README.md')).toContain('npm ci && npm run release');
  expect(textOf('README.md')).toContain('npm ci && npm test');
});

test('no command has an option where npx takes it for its own: npx --no image-builder --help', () => {
  const texts = projectFiles('*.md', '*.ts', '*.js', '*.yml').filter(
    (file) => file !== 'tools/src/docs.test.ts',
  );
  expect(texts.filter((file) => /npx --no image-builder -/.test(textOf(file)))).toEqual([]);
});
