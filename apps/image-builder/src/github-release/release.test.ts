import { hash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  after,
  answers,
  losesAnswer,
  type OpenedGitHub,
  openedGitHub,
} from '@qemu-user-static/github/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { BuilderEvent } from '../report/events.ts';
import type { Asset } from './assets.ts';
import { makeRelease, type WantedRelease } from './release.ts';
import { commitOfTag } from './tag.ts';

const folder = await mkdtemp(join(tmpdir(), 'release-'));
afterAll(() => rm(folder, { recursive: true, force: true }));

const TAG = 'v11.1.3-1';
const COMMIT = 'c'.repeat(40);
const OTHER = `sha256:${'0'.repeat(64)}`;
let wanted: WantedRelease;
beforeAll(async () => {
  const assets = ['a.tar.gz', 'b', 'sources.lock.json', 'SHA256SUMS'].map(async (name): Promise<Asset> => {
    const [path, text] = [join(folder, name), `contents of ${name}`];
    await writeFile(path, text);
    return { name, path, size: text.length, sha256: hash('sha256', text) };
  });
  const plan = { tag: TAG, version: '11.1.3', channel: 'latest', isLatest: true, binaries: [], images: [] };
  wanted = { plan, assets: await Promise.all(assets), notes: 'first\nsecond\n', commit: COMMIT };
});

/** Makes the release, and gives what was reported on the way. */
async function make({ github }: OpenedGitHub, change: Partial<WantedRelease> = {}) {
  const events: BuilderEvent[] = [];
  const outcome = await makeRelease(github, { ...wanted, ...change }, (event) => events.push(event));
  const notes = events.flatMap((event) => (event.type === 'note' ? [event.text] : []));
  return { outcome, events, notes };
}
const writes = ({ server }: OpenedGitHub) =>
  server.requests
    .filter((request) => !request.startsWith('GET'))
    .map((request) => request.replace('/repos/o/r/', ''));
/** A GitHub on which the release is made, and the requests forgotten. */
async function made() {
  const opened = await openedGitHub();
  await make(opened);
  opened.server.requests.length = 0;
  const [release] = opened.repository.releases;
  if (release === undefined) throw new Error('no release');
  return { ...opened, opened, release };
}
/** The same, as the draft that it was a moment before. */
async function drafted() {
  const state = await made();
  state.release.draft = true;
  state.repository.refs.delete(`tags/${TAG}`);
  return state;
}
const assetIn = ({ release }: Awaited<ReturnType<typeof made>>, name: string) => {
  const found = release.assets.find((one) => one.name === name);
  if (found === undefined) throw new Error(`no ${name}`);
  return found;
};

describe('a release', () => {
  test('has its name, text, commit and files, and counts what it sends', async () => {
    const opened = await openedGitHub();
    const { outcome, events } = await make(opened);
    const url = `${opened.server.url}/o/r/releases/tag/${TAG}`;
    expect(outcome).toEqual({ tag: TAG, url, action: 'published', assets: 4 });
    const [release, ...others] = opened.repository.releases;
    expect(others).toEqual([]);
    expect(release).toMatchObject({
      ...{ tag_name: TAG, name: 'QEMU 11.1.3-1', body: wanted.notes, target_commitish: COMMIT },
      ...{ draft: false, make_latest: 'true' },
    });
    expect(release?.assets.map(({ name, contentType, digest }) => [name, contentType, digest])).toEqual(
      wanted.assets.map(({ name, sha256 }) => [
        name,
        name === 'a.tar.gz' ? 'application/gzip' : 'application/octet-stream',
        `sha256:${sha256}`,
      ]),
    );
    const bytes = wanted.assets.reduce((sum, { size }) => sum + size, 0);
    expect(events).toEqual([
      { type: 'expected', unit: 'files', count: 4, bytes },
      ...wanted.assets.map(({ name, size }) => ({ type: 'asset-sent', name, size })),
    ]);
  });

  test('that is not of the newest QEMU is not shown as the latest', async () => {
    const opened = await openedGitHub();
    await make(opened, { plan: { ...wanted.plan, isLatest: false } });
    expect(opened.repository.releases).toMatchObject([{ draft: false, make_latest: 'false' }]);
  });
});

describe('a draft that is there', () => {
  test('with all that it needs is published, and nothing else is done', async () => {
    const { opened, release } = await drafted();
    const { events } = await make(opened);
    expect(writes(opened)).toEqual([`PATCH releases/${release.id} 200`]);
    expect(events).toEqual([{ type: 'expected', unit: 'files', count: 0, bytes: 0 }]);
  });

  test('with other line ends is the same', async () => {
    const { opened, release } = await drafted();
    release.body = 'first\r\nsecond\r\n';
    await make(opened);
    expect(writes(opened)).toHaveLength(1);
  });

  test.each([
    ['name', { name: 'QEMU' }],
    ['text', { body: 'other' }],
    ['commit', { target_commitish: 'main' }],
  ])('with another %s gets ours before it is published', async (_, change) => {
    const { opened, release } = await drafted();
    const expected = { ...release, draft: false };
    Object.assign(release, change);
    await make(opened);
    expect(release).toMatchObject({
      ...{ name: expected.name, body: expected.body, target_commitish: COMMIT },
      draft: false,
    });
    expect(writes(opened)).toEqual(Array(2).fill(`PATCH releases/${release.id} 200`));
  });

  test('is taken if it is the oldest of the tag; drafts of other tags are left alone', async () => {
    const { opened, release, repository } = await drafted();
    const { id } = release;
    const copy = (change: object) => ({ ...release, assets: [], ...change });
    repository.releases.push(copy({ id: id + 1000 }));
    repository.releases.unshift(
      copy({ id: id + 2000 }),
      copy({ id: id - 1, tag_name: 'v9.9.9-1', body: 'theirs' }),
    );
    await make(opened);
    expect(repository.releases.map((one) => [one.id, one.draft])).toEqual([
      [id + 2000, true],
      [id - 1, true],
      [id, false],
      [id + 1000, true],
    ]);
    expect(repository.releases[1]?.body).toBe('theirs');
  });

  test.each<[string, (state: Awaited<ReturnType<typeof drafted>>) => void]>([
    ['is missing', ({ release }) => release.assets.splice(1, 1)],
    ['is not whole', (state) => Object.assign(assetIn(state, 'b'), { state: 'starter' })],
    ['has another digest', (state) => Object.assign(assetIn(state, 'b'), { digest: OTHER })],
  ])('and lacks one file, which %s, gets that one alone', async (_, damage) => {
    const state = await drafted();
    damage(state);
    const { events } = await make(state.opened);
    expect(events).toEqual([
      { type: 'expected', unit: 'files', count: 1, bytes: 'contents of b'.length },
      { type: 'asset-sent', name: 'b', size: 'contents of b'.length },
    ]);
    expect(writes(state.opened).filter((request) => request.startsWith('POST'))).toHaveLength(1);
    expect(state.release.draft).toBe(false);
  });

  test('loses a file that is not of it', async () => {
    const state = await drafted();
    state.release.assets.push({ ...assetIn(state, 'b'), id: 999, name: 'thesis.tex' });
    await make(state.opened);
    expect(state.release.assets.map(({ name }) => name)).toEqual(wanted.assets.map(({ name }) => name));
  });

  test.each<[string, (asset: { digest: string | null; state: string }) => void, string]>([
    ['with another digest', (asset) => Object.assign(asset, { digest: OTHER }), `b is ${OTHER}, not sha256:`],
    ['half', (asset) => Object.assign(asset, { state: 'starter' }), 'b is not whole'],
  ])('stays a draft if GitHub kept a file %s', async (_, damage, problem) => {
    const opened = await openedGitHub();
    const kept = after(() => {
      const asset = opened.repository.releases[0]?.assets.find(({ name }) => name === 'b');
      if (asset !== undefined) damage(asset);
    });
    // The last of four.
    for (let n = 0; n < 3; n++)
      opened.server.faults.push({ on: /^POST .*\/assets$/, fault: after(() => undefined) });
    opened.server.faults.push({ on: /^POST .*\/assets$/, fault: kept });
    await expect(make(opened)).rejects.toMatchObject({
      code: 'ASSET_NOT_KEPT',
      message: expect.stringContaining(`${TAG}:\n  - ${problem}`),
    });
    expect(opened.repository.releases.map(({ draft }) => draft)).toEqual([true]);
    expect(opened.repository.refs.has(`tags/${TAG}`)).toBe(false);
  });

  test('stays one if a file is lost', async () => {
    const opened = await openedGitHub();
    const lost = after(() => opened.repository.releases[0]?.assets.shift());
    for (let n = 0; n < 3; n++)
      opened.server.faults.push({ on: /^POST .*\/assets$/, fault: after(() => undefined) });
    opened.server.faults.push({ on: /^POST .*\/assets$/, fault: lost });
    await expect(make(opened)).rejects.toMatchObject({
      code: 'ASSET_NOT_KEPT',
      message: `${TAG}:\n  - a.tar.gz is missing`,
    });
    expect(opened.repository.releases.map(({ draft }) => draft)).toEqual([true]);
  });
});

describe('a published release', () => {
  test('is compared, and not touched', async () => {
    const { opened, server } = await made();
    const { outcome, notes } = await make(opened);
    expect(outcome).toEqual({
      tag: TAG,
      url: `${server.url}/o/r/releases/tag/${TAG}`,
      action: 'unchanged',
      assets: 4,
    });
    expect([notes, writes(opened)]).toEqual([[], []]);
  });

  test.each<[string, (state: Awaited<ReturnType<typeof made>>) => void, RegExp]>([
    ['lacks a file', ({ release }) => release.assets.splice(1, 1), /^b is missing$/],
    [
      'has half a file',
      (state) => Object.assign(assetIn(state, 'b'), { state: 'starter' }),
      /^b is not whole$/,
    ],
    [
      'has another file',
      (state) => Object.assign(assetIn(state, 'b'), { digest: OTHER }),
      new RegExp(`^b is ${OTHER}, not sha256:\\w{64}$`),
    ],
    [
      'has other bytes, of which GitHub reports no digest',
      (state) => Object.assign(assetIn(state, 'b'), { digest: null, file: assetIn(state, 'a.tar.gz').file }),
      new RegExp(`^b is sha256:${hash('sha256', 'contents of a.tar.gz')}, not sha256:\\w{64}$`),
    ],
  ])('that %s is an error, and not touched', async (_, damage, problem) => {
    const state = await made();
    damage(state);
    const before = structuredClone(state.release);
    const error = await make(state.opened).catch((thrown) => thrown);
    expect(error.code).toBe('RELEASE_DIFFERS');
    const [head, ...problems] = error.message.split('\n  - ');
    expect([head, problems]).toEqual([
      `${TAG} is published with other files:`,
      [expect.stringMatching(problem)],
    ]);
    expect(writes(state.opened)).toEqual([]);
    expect(state.release).toEqual(before);
  });

  test.each(['sources.lock.json', 'SHA256SUMS'])('may have another %s: of another version', async (name) => {
    const state = await made();
    assetIn(state, name).digest = OTHER;
    expect((await make(state.opened)).outcome.action).toBe('unchanged');
  });

  test('whose tag was moved since is compared like any other', async () => {
    const { opened, repository } = await made();
    repository.refs.set(`tags/${TAG}`, repository.push('main', 'another', {}));
    expect((await make(opened)).outcome.action).toBe('unchanged');
  });

  test('beside which a draft of it is left is named; a draft of another tag is not', async () => {
    const { opened, release, repository, server } = await made();
    repository.releases.push(
      { ...release, id: 998, draft: true, tag_name: 'v9.9.9-1' },
      { ...release, id: 999, draft: true },
    );
    const { notes } = await make(opened);
    expect(notes).toEqual([
      `${TAG} is published, and a draft of it is left: ${server.url}/o/r/releases/tag/${TAG}`,
    ]);
  });
});

describe('publishing', () => {
  test.each([403, 422])('that GitHub refuses with %i is an error, and the draft stays', async (status) => {
    const opened = await openedGitHub();
    opened.server.faults.push({ on: /^PATCH .*\/releases\/\d+$/, fault: answers(status) });
    await expect(make(opened)).rejects.toMatchObject({ name: 'GitHubError' });
    expect(opened.repository.releases.map(({ draft }) => draft)).toEqual([true]);
  });

  /** The other run publishes its draft the moment before ours. */
  const racing = async (change: (release: OpenedGitHub['repository']['releases'][number]) => void) => {
    const { opened, repository } = await made();
    const published = repository.releases.splice(0);
    for (const one of published) change(one);
    opened.server.faults.push({
      on: /^PATCH .*\/releases\/\d+$/,
      fault: after(() => repository.releases.unshift(...published)),
    });
    return { opened, repository, published };
  };

  test('that another run did a moment before: ours is compared with it, and our draft goes', async () => {
    const { opened, repository, published } = await racing(() => undefined);
    const { outcome } = await make(opened);
    expect(outcome).toMatchObject({ tag: TAG, action: 'unchanged', assets: 4 });
    expect(repository.releases).toEqual(published);
  });

  test('that another run did with other files is an error', async () => {
    const { opened } = await racing(({ assets: [first] }) => Object.assign(first ?? {}, { digest: OTHER }));
    await expect(make(opened)).rejects.toMatchObject({ code: 'RELEASE_DIFFERS' });
  });

  test('that another run did before: the answer to the removal of our draft may be lost', async () => {
    const { opened, repository, published } = await racing(() => undefined);
    opened.server.faults.push({ on: /^DELETE .*\/releases\/\d+$/, fault: losesAnswer });
    expect((await make(opened)).outcome.action).toBe('unchanged');
    expect(repository.releases).toEqual(published);
  });
});

describe('the commit of a tag', () => {
  test('is found through an annotation, and null without the tag', async () => {
    const { github, repository } = await openedGitHub();
    const commit = repository.push('main', 'first', {});
    repository.refs.set('tags/plain', commit);
    repository.refs.set('tags/annotated', repository.annotate(commit));
    expect(await Promise.all(['plain', 'annotated', 'none'].map((tag) => commitOfTag(github, tag)))).toEqual([
      commit,
      commit,
      null,
    ]);
  });

  test('that GitHub does not give is an error, and nothing is made', async () => {
    const opened = await openedGitHub();
    opened.server.faults.push({ on: /^GET .*\/git\/ref/, fault: answers(403) });
    await expect(make(opened)).rejects.toMatchObject({ name: 'GitHubError' });
    expect(writes(opened)).toEqual([]);
  });

  test('that is another than the one checked out is an error, and nothing is made', async () => {
    const opened = await openedGitHub();
    const other = opened.repository.push('main', 'first', {});
    opened.repository.refs.set(`tags/${TAG}`, other);
    await expect(make(opened)).rejects.toMatchObject({
      code: 'TAG_ELSEWHERE',
      message: `${TAG} is on ${other}, and ${COMMIT} is checked out`,
    });
    expect(writes(opened)).toEqual([]);
    expect((await make(opened, { commit: other })).outcome.action).toBe('published');
  });
});
