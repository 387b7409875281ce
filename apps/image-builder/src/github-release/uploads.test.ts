import { hash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  after,
  cutsAfter,
  type Fault,
  losesAnswer,
  type OpenedGitHub,
  openedGitHub,
} from '@qemu-user-static/github/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Asset } from './assets.ts';
import { makeRelease, type WantedRelease } from './release.ts';

const folder = await mkdtemp(join(tmpdir(), 'uploads-'));
afterAll(() => rm(folder, { recursive: true, force: true }));

let wanted: WantedRelease;
beforeAll(async () => {
  const assets = ['a', 'b', 'c'].map(async (name): Promise<Asset> => {
    const path = join(folder, name);
    await writeFile(path, `contents of ${name}`);
    return { name, path, size: 13, sha256: hash('sha256', `contents of ${name}`) };
  });
  const plan = { tag: 'v1.0-1', version: '1.0', channel: 'latest', isLatest: true, binaries: [], images: [] };
  wanted = { plan, assets: await Promise.all(assets), notes: 'notes', commit: 'c'.repeat(40) };
});
const notes: string[] = [];
const make = ({ github }: OpenedGitHub) =>
  makeRelease(github, wanted, (event) => event.type === 'note' && notes.push(event.text));
/** Those that were answered. */
const uploads = ({ server }: OpenedGitHub) =>
  server.requests.filter((request) => /^POST .*\/assets/.test(request)).length;
const whole = () => wanted.assets.map(({ name, sha256 }) => `${name} uploaded sha256:${sha256}`);
const kept = ({ repository }: OpenedGitHub) =>
  repository.releases.flatMap(({ assets }) =>
    assets.map(({ name, state, digest }) => `${name} ${state} ${digest}`).sort(),
  );

test.each<[string, Fault, number]>([
  ['is cut in half is sent again', cutsAfter(3), 3],
  ['arrived, though the answer is lost, is not', losesAnswer, 2],
])('an upload that %s', async (_, fault, answered) => {
  const opened = await openedGitHub();
  opened.server.faults.push({ on: /^POST .*\/assets$/, fault: after(() => undefined) });
  opened.server.faults.push({ on: /^POST .*\/assets$/, fault });
  expect((await make(opened)).action).toBe('published');
  expect(kept(opened)).toEqual(whole());
  expect(uploads(opened)).toBe(answered);
});

test('a file that is not of a published release is named, its name escaped; those of it are not', async () => {
  const opened = await openedGitHub();
  await make(opened);
  const [release] = opened.repository.releases;
  const [first] = release?.assets ?? [];
  if (first !== undefined) release?.assets.push({ ...first, id: 999, name: 'planted\u001b[2J' });
  notes.length = 0;
  expect((await make(opened)).action).toBe('unchanged');
  expect(notes).toEqual(['v1.0-1: planted\\u{1b}[2J on GitHub is not of this release']);
});

test('a draft of another run that is older, and shows only now, is taken; our own goes', async () => {
  const opened = await openedGitHub();
  const { github, repository, server } = opened;
  const draft = { ...github.repository, tag_name: 'v1.0-1', draft: true };
  const { data: older } = await github.api.rest.repos.createRelease(draft);
  const hidden = repository.releases.splice(0);
  const appears = after(() => repository.releases.push(...hidden));
  server.faults.push({ on: /^POST .*\/releases$/, fault: appears });
  await make(opened);
  expect(repository.releases.map(({ id, draft: isDraft }) => [id, isDraft])).toEqual([[older.id, false]]);
  expect(kept(opened)).toEqual(whole());
});
