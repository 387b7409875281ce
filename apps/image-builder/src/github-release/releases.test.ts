import { hash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { answers, openedGitHub } from '@qemu-user-static/github/testing';
import { formatLock } from '@qemu-user-static/lock';
import { lockOf } from '@qemu-user-static/lock/testing';
import { digestOf } from '@qemu-user-static/oci-image';
import { afterAll, expect, test } from 'vitest';
import type { Gate } from '../images/gate.ts';
import type { Asset } from './assets.ts';
import type { ReleasePlan } from './plan.ts';
import { formatMade, type PreparedReleases, publishReleases } from './releases.ts';

const folder = await mkdtemp(join(tmpdir(), 'releases-'));
afterAll(() => rm(folder, { recursive: true, force: true }));

const COMMIT = 'c'.repeat(40);
const quiet = () => undefined;

/** Releases of a lock, the newest last, whose only file is the lock. */
async function prepared(amd64: string): Promise<PreparedReleases> {
  const lock = lockOf({ latest: { 'linux/amd64': amd64, 'linux/arm/v7': '10.2.2' } });
  const text = formatLock(lock);
  const path = join(folder, `${amd64}.json`);
  await writeFile(path, text);
  const asset: Asset = { name: 'sources.lock.json', path, size: text.length, sha256: hash('sha256', text) };
  const plan = (version: string): ReleasePlan => ({
    tag: `v${version}-1`,
    version,
    channel: 'latest',
    isLatest: version === amd64,
    binaries: [],
    images: [{ tag: `${version}-1`, digest: digestOf(version), manifests: [] }],
  });
  const releases = ['10.2.2', amd64].map((version) => ({ plan: plan(version), assets: [asset] }));
  const gate: Gate = { schemaVersion: 1, columns: [], failures: [], fixed: [] };
  return { lock, plainHost: 'linux/amd64', gate, releases };
}

test('releases are made in their order, each with what changed since the newest before this run', async () => {
  const { github, repository } = await openedGitHub();
  const target = { github, commit: COMMIT };
  const before = await prepared('11.1.2');
  await publishReleases({ ...before, releases: before.releases.slice(1) }, target, quiet);
  const made = await publishReleases(await prepared('11.1.3'), target, quiet);
  expect(made.map(({ tag, action }) => [tag, action])).toEqual([
    ['v10.2.2-1', 'published'],
    ['v11.1.3-1', 'published'],
  ]);
  expect(
    repository.releases.map(({ tag_name, draft, make_latest }) => [tag_name, draft, make_latest]),
  ).toEqual([
    ['v11.1.2-1', false, 'true'],
    ['v10.2.2-1', false, 'false'],
    ['v11.1.3-1', false, 'true'],
  ]);
  const [first, second, third] = repository.releases.map(({ body }) => body);
  expect(first).not.toContain('Changes since');
  expect(second).toContain('### Changes since v11.1.2-1\n\n- no package');
  expect(third).toContain(
    '### Changes since v11.1.2-1\n\n- linux/amd64 qemu-user: 1:11.1.2+ds-1 → 1:11.1.3+ds-1',
  );
});

test('one that fails ends the run, and those after it are not begun', async () => {
  const { github, repository, server } = await openedGitHub();
  server.faults.push({ on: /^PATCH .*\/releases\/\d+$/, fault: answers(403) });
  await expect(
    publishReleases(await prepared('11.1.3'), { github, commit: COMMIT }, quiet),
  ).rejects.toMatchObject({ name: 'GitHubError' });
  expect(repository.releases.map(({ tag_name, draft }) => [tag_name, draft])).toEqual([['v10.2.2-1', true]]);
});

test('what was made is a line each, and an address cannot write to the terminal', () => {
  const one = { tag: 'v11.1.3-1', url: 'https://github.com/o/r', action: 'published', assets: 11 } as const;
  const other = { tag: 'v10.2.2-1', url: 'https://x/\u001b[2J\n', action: 'unchanged', assets: 4 } as const;
  expect(formatMade([one, other]).split('\n')).toEqual([
    'v11.1.3-1: published, 11 files, https://github.com/o/r',
    'v10.2.2-1: unchanged, 4 files, https://x/\\u{1b}[2J\\n',
  ]);
});
