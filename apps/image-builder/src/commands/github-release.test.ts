import { execFileSync } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { temporaryFolder } from '@qemu-user-static/debian-archive/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { GitHubReleaseOptions } from '../cli/github-release.ts';
import type { Environment } from '../environment.ts';
import { type OpenedGitHub, openedGitHub } from '../github/testing/open.ts';
import { after, answers, cutsAfter, type Fault, losesAnswer } from '../github/testing/server.ts';
import { stateOf } from '../github-release/testing/state.ts';
import { formatLock, parseLock, readLock, writeLock } from '../lock.ts';
import { type MadeCheckout, madeCheckout } from '../publish/testing/checkout.ts';
import {
  formatMade,
  gitHubReleaseCommand,
  type PreparedRelease,
  prepareReleases,
  publishReleases,
  releaseTarget,
} from './github-release.ts';

const folder = await mkdtemp(join(tmpdir(), 'github-release-'));
const COMMIT = 'c'.repeat(40);
let checkout: MadeCheckout;
let options: GitHubReleaseOptions;
let prepared: PreparedRelease[];

beforeAll(async () => {
  checkout = await madeCheckout(folder);
  const layout = await checkout.build('whole');
  options = { from: [layout], plainHost: 'linux/amd64', assets: join(folder, 'assets') };
  prepared = await prepareReleases(options.from, options, checkout.environment);
});
afterAll(async () => {
  await checkout.environment.close();
  await rm(folder, { recursive: true, force: true });
});

/** Makes the releases on a GitHub. */
async function release({ github }: OpenedGitHub, change: Partial<Environment> = {}) {
  const { environment } = checkout;
  const builder = async () => ({ commit: COMMIT, builder: { id: 'test' } });
  const machine = { ...environment, github: async () => github, builder, ...change };
  return formatMade(await publishReleases(prepared, await releaseTarget(undefined, machine), machine));
}

let left: ReturnType<typeof stateOf> | undefined;
/** What a run that nothing disturbed leaves. */
async function undisturbed() {
  if (left !== undefined) return left;
  const opened = await openedGitHub();
  await release(opened);
  left = stateOf(opened.repository);
  return left;
}

const writes = ({ server }: OpenedGitHub) => server.requests.filter((request) => !request.startsWith('GET'));

describe('the files', () => {
  test('are named as users of such images know them, and are the same each time', async () => {
    const into = await temporaryFolder();
    const { environment } = checkout;
    const made = await gitHubReleaseCommand({ ...options, assets: into }, environment);
    const again = await gitHubReleaseCommand(options, environment);
    expect(again.value).toEqual(made.value);
    expect(made.text).toContain('nothing was sent');
    expect(made.value).toMatchObject([
      {
        tag: 'v10.2.2-1',
        assets: [
          { name: 'armv7l_qemu-arm-static.tar.gz' },
          { name: 'images.json' },
          { name: 'sources.lock.json' },
          { name: 'SHA256SUMS' },
        ],
      },
      {
        tag: 'v11.1.3-1',
        assets: [
          { name: 'aarch64_qemu-aarch64-static.tar.gz' },
          { name: 'aarch64_qemu-arm-static.tar.gz' },
          { name: 'images.json' },
          { name: 'qemu-aarch64-static' },
          { name: 'qemu-aarch64-static.tar.gz' },
          { name: 'qemu-arm-static' },
          { name: 'qemu-arm-static.tar.gz' },
          { name: 'sources.lock.json' },
          { name: 'x86_64_qemu-aarch64-static.tar.gz' },
          { name: 'x86_64_qemu-arm-static.tar.gz' },
          { name: 'SHA256SUMS' },
        ],
      },
    ]);

    const place = join(into, 'v11.1.3-1');
    const run = (program: string, ...args: string[]) =>
      execFileSync(program, args, { cwd: place }).toString();
    expect(run('sha256sum', '--check', 'SHA256SUMS').trim().split('\n')).toHaveLength(10);
    expect(run('tar', '-tvzf', 'x86_64_qemu-arm-static.tar.gz')).toMatch(
      /^-rwxr-xr-x root\/root +\d+ 2026-10-30 \d\d:08 qemu-arm-static\n$/,
    );
    expect(run('tar', '-xOzf', 'qemu-arm-static.tar.gz')).toBe(
      (await readFile(join(place, 'qemu-arm-static'))).toString(),
    );
    expect(await readFile(join(place, 'qemu-arm-static'), 'latin1')).toContain('qemu-arm version 11.1.3');
    const left = (await readdir(place)).filter((name) => !name.startsWith('.'));
    expect(left).toHaveLength(11);
  });

  test('are not made where --push has no token', async () => {
    const assets = join(await temporaryFolder(), 'assets');
    const pushed = gitHubReleaseCommand({ ...options, assets, push: true }, checkout.environment);
    await expect(pushed).rejects.toMatchObject({ code: 'GITHUB_TOKEN_MISSING' });
    await expect(readdir(assets)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test('images.json has the digests of all images of the version, and of no other', async () => {
    const { version, images } = JSON.parse(
      await readFile(join(options.assets, 'v10.2.2-1', 'images.json'), 'utf8'),
    );
    expect(version).toBe('10.2.2');
    expect(images.map(({ tag }: { tag: string }) => tag).sort()).toEqual([
      '10.2.2',
      '10.2.2-1',
      '10.2.2-1-zstd',
      '10.2.2-zstd',
      'arm-10.2.2',
      'armv7l-arm-10.2.2',
      'register-10.2.2',
    ]);
    const sha256 = expect.stringMatching(/^sha256:[0-9a-f]{64}$/);
    for (const image of images) {
      expect(image.digest).toEqual(sha256);
      expect(image.manifests).toContainEqual({ platform: 'linux/arm/v7', digest: sha256 });
    }
  });
});

describe('the releases', () => {
  test('are drafts until every file is there, then published, the newest QEMU as the latest', async () => {
    const opened = await openedGitHub();
    const drafts: boolean[] = [];
    for (let n = 0; n < 15; n++)
      opened.server.faults.push({
        on: /^POST .*\/assets$/,
        fault: after(() => drafts.push(opened.repository.releases.at(-1)?.draft === true)),
      });
    const text = await release(opened);
    expect(drafts).toEqual(Array(15).fill(true));
    expect(text).toMatch(/^v10\.2\.2-1: published, 4 files, .*\nv11\.1\.3-1: published, 11 files, /);
    expect(stateOf(opened.repository)).toMatchObject({
      releases: [
        { tag_name: 'v10.2.2-1', draft: false, make_latest: 'false', target_commitish: COMMIT },
        { tag_name: 'v11.1.3-1', draft: false, make_latest: 'true', name: 'QEMU 11.1.3-1' },
      ],
      tags: ['tags/v10.2.2-1', 'tags/v11.1.3-1'],
    });
    const { body = '' } = opened.repository.releases[1] ?? {};
    expect(body).toContain('| linux/amd64 | x86_64 | qemu-user 1:11.1.3+ds-1 | 2 |\n');
    expect(body).not.toContain('linux/arm/v7');
    expect(body).toContain('; those without a host in their names are for x86_64. 11 files');
    // No host of that version has the plain names.
    expect(opened.repository.releases[0]?.body).toMatch(/by `uname -m`\. 4 files/);
    expect(body).not.toContain('Changes since');
    expect(body).toMatch(/The image `11\.1\.3-1` is `sha256:[0-9a-f]{64}`/);
  });

  test('made again, change nothing', async () => {
    const opened = await openedGitHub();
    await release(opened);
    opened.server.requests.length = 0;
    expect(await release(opened)).toContain('v11.1.3-1: unchanged, 11 files');
    expect(writes(opened)).toEqual([]);
  });

  test('tell what changed since the release before', async () => {
    const opened = await openedGitHub();
    await release(opened);
    const lock = await readLock(checkout.environment.paths.lock);
    const old = structuredClone(lock);
    const amd64 = old.channels.latest?.platforms['linux/amd64'];
    if (amd64 === undefined) throw new Error('no linux/amd64');
    amd64.emulators.version = '1:11.1.2+ds-1';
    const { repository } = opened;
    for (const one of repository.releases) {
      one.tag_name = one.tag_name.replace('11.1.3', '11.1.2').replace('10.2.2', '10.2.1');
      const asset = one.assets.find(({ name }) => name === 'sources.lock.json');
      if (asset === undefined) throw new Error('no lock');
      await writeFile(asset.file, formatLock(old));
      asset.digest = null;
    }
    await release(opened);
    expect(repository.releases.find(({ tag_name }) => tag_name === 'v11.1.3-1')?.body).toContain(
      '### Changes since v11.1.2-1\n\n- linux/amd64 qemu-user: 1:11.1.2+ds-1 → 1:11.1.3+ds-1\n',
    );
  });

  test('that are published stay as they are while other versions in the lock change', async () => {
    const opened = await openedGitHub();
    await release(opened);
    const lock = await readLock(checkout.environment.paths.lock);
    const other = { ...lock, rebuilds: { ...lock.rebuilds, '9.9.9': { number: 1, inputs: 'a'.repeat(64) } } };
    const paths = { ...checkout.environment.paths, lock: join(folder, 'other.lock.json') };
    await writeLock(paths.lock, other);
    expect(parseLock(await readFile(paths.lock, 'utf8'))).toEqual(other);
    opened.server.requests.length = 0;
    expect(await release(opened, { paths })).toContain('v11.1.3-1: unchanged');
    expect(writes(opened)).toEqual([]);
  });

  test('that are published with other files are an error, and are not touched', async () => {
    const opened = await openedGitHub();
    await release(opened);
    const asset = opened.repository.releases[1]?.assets.find(({ name }) => name === 'qemu-arm-static');
    if (asset === undefined) throw new Error('no asset');
    asset.digest = `sha256:${'0'.repeat(64)}`;
    opened.server.requests.length = 0;
    await expect(release(opened)).rejects.toMatchObject({
      code: 'RELEASE_DIFFERS',
      message: expect.stringContaining('qemu-arm-static is sha256:000'),
    });
    expect(writes(opened)).toEqual([]);
  });

  test('are right where GitHub tells no digests: the files are read back', async () => {
    const opened = await openedGitHub();
    await release(opened);
    for (const { assets: all } of opened.repository.releases) for (const asset of all) asset.digest = null;
    expect(await release(opened)).toContain('v11.1.3-1: unchanged');
  });

  test('a file that is not of a published release is told', async () => {
    const opened = await openedGitHub();
    await release(opened);
    const [first] = opened.repository.releases;
    const [asset] = first?.assets ?? [];
    if (asset === undefined) throw new Error('no asset');
    first?.assets.push({ ...asset, id: 999, name: 'planted.tar.gz' });
    const notes: string[] = [];
    await release(opened, { onEvent: (event) => event.type === 'note' && notes.push(event.text) });
    expect(notes).toEqual(['v10.2.2-1: planted.tar.gz on GitHub is not of this release']);
  });

  test.each(['commit', 'annotated tag'])(
    'whose tag in git is on another commit are an error: %s',
    async (kind) => {
      const opened = await openedGitHub();
      const { repository } = opened;
      const other = repository.push('main', 'another', {});
      repository.refs.set('tags/v10.2.2-1', kind === 'commit' ? other : repository.annotate(other));
      await expect(release(opened)).rejects.toMatchObject({
        code: 'TAG_ELSEWHERE',
        message: `v10.2.2-1 is on ${other}, and ${COMMIT} is checked out`,
      });
      expect(writes(opened)).toEqual([]);

      const builder = async () => ({ commit: other, builder: { id: 'test' } });
      expect(await release(opened, { builder })).toContain('v10.2.2-1: published');
    },
  );

  test('a draft that someone began gets what it lacks, and loses what is not of it', async () => {
    const opened = await openedGitHub();
    await release(opened);
    const expected = stateOf(opened.repository);
    const [, draft] = opened.repository.releases;
    if (draft === undefined) throw new Error('no release');
    Object.assign(draft, { draft: true, body: 'older notes' });
    opened.repository.refs.delete('tags/v11.1.3-1');
    const [first, second] = draft.assets;
    if (first === undefined || second === undefined) throw new Error('no assets');
    first.digest = `sha256:${'0'.repeat(64)}`;
    second.state = 'starter';
    draft.assets.push({ ...first, id: 999, name: 'notes.txt' });
    draft.assets.pop();
    draft.assets.splice(4, 1);
    await release(opened);
    expect(stateOf(opened.repository)).toEqual(expected);
  });
});

describe('two runs at once', () => {
  test('leave one release of each tag; if they were in each other’s way, the next run finishes', async () => {
    const expected = await undisturbed();
    const opened = await openedGitHub();
    await Promise.allSettled([release(opened), release(opened)]);
    const tags = opened.repository.releases.map(({ tag_name }) => tag_name);
    expect(tags).toEqual([...new Set(tags)]);
    await release(opened);
    expect(stateOf(opened.repository)).toEqual(expected);
  });

  test('a draft of another run that is older is taken, and our own goes', async () => {
    const expected = await undisturbed();
    const opened = await openedGitHub();
    const { repository, server, github } = opened;
    const draft = { ...github.repository, tag_name: 'v10.2.2-1', draft: true };
    const { data: older } = await github.api.rest.repos.createRelease(draft);
    const hidden = repository.releases.splice(0);
    server.faults.push({
      on: /^POST .*\/releases$/,
      fault: after(() => repository.releases.push(...hidden)),
    });
    await release(opened);
    expect(stateOf(repository)).toEqual(expected);
    expect(repository.releases.map(({ id }) => id)).toContain(older.id);
  });

  test('the other one publishes first: what it published is compared, and our draft goes', async () => {
    const expected = await undisturbed();
    const opened = await openedGitHub();
    const { repository, server } = opened;
    await release(opened);
    const published = repository.releases.splice(0);
    server.faults.push({
      on: /^PATCH .*\/releases\/\d+$/,
      fault: after(() => repository.releases.unshift(...published)),
    });
    expect(await release(opened)).toContain('v10.2.2-1: unchanged');
    expect(stateOf(repository)).toEqual(expected);
  });

  test('a draft that was left beside what is published is told', async () => {
    const opened = await openedGitHub();
    await release(opened);
    const [first] = opened.repository.releases;
    if (first === undefined) throw new Error('no release');
    opened.repository.releases.push({ ...first, id: 999, draft: true, assets: [] });
    const notes: string[] = [];
    await release(opened, { onEvent: (event) => event.type === 'note' && notes.push(event.text) });
    expect(notes).toEqual([
      expect.stringMatching(/^v10\.2\.2-1 is published, and a draft of it is left: http/),
    ]);
  });
});

describe('GitHub fails on the way, and the releases are the same all the same', () => {
  const upload = /^POST .*\/assets$/;
  test.each<[string, RegExp, Fault]>([
    ['an upload is cut in half', upload, cutsAfter(100)],
    ['the answer to an upload is lost', upload, losesAnswer],
    ['502 to an upload', upload, answers(502)],
    ['a limit at an upload: 403', upload, answers(403, { 'retry-after': '60' })],
    ['a limit at an upload: 429', upload, answers(429, { 'retry-after': '60' })],
    ['502 to the new draft', /^POST .*\/releases$/, answers(502)],
    ['the answer to the new draft is lost', /^POST .*\/releases$/, losesAnswer],
    ['502 to the list', /^GET .*\/releases$/, answers(502)],
    ['502 to publishing', /^PATCH .*\/releases\/\d+$/, answers(502)],
    ['the answer to publishing is lost', /^PATCH .*\/releases\/\d+$/, losesAnswer],
  ])('%s', async (_, on, fault) => {
    const expected = await undisturbed();
    const opened = await openedGitHub();
    opened.server.faults.push({ on, fault });
    await release(opened);
    expect(opened.server.faults).toEqual([]);
    expect(stateOf(opened.repository)).toEqual(expected);
  });

  test('half an upload is taken away, and the answer to that is lost', async () => {
    const expected = await undisturbed();
    const opened = await openedGitHub();
    opened.server.faults.push({ on: upload, fault: cutsAfter(100) });
    opened.server.faults.push({ on: /^DELETE .*\/assets\/\d+$/, fault: losesAnswer });
    await release(opened);
    expect(opened.server.faults).toEqual([]);
    expect(stateOf(opened.repository)).toEqual(expected);
  });

  test('an upload that never gets through ends in an error, as a draft; the next run finishes', async () => {
    const expected = await undisturbed();
    const opened = await openedGitHub();
    for (let n = 0; n < 6; n++) opened.server.faults.push({ on: upload, fault: cutsAfter(1) });
    await expect(release(opened)).rejects.toMatchObject({ code: 'GITHUB_UNAVAILABLE' });
    expect(opened.repository.releases.map(({ draft }) => draft)).toEqual([true]);
    await release(opened);
    expect(stateOf(opened.repository)).toEqual(expected);
  });

  test('a file that GitHub kept with other bytes is found, and the release stays a draft', async () => {
    const opened = await openedGitHub();
    const damage = after(() => {
      const asset = opened.repository.releases[0]?.assets[0];
      if (asset !== undefined) asset.digest = `sha256:${'0'.repeat(64)}`;
    });
    // The last upload of the first release.
    for (let n = 0; n < 3; n++) opened.server.faults.push({ on: upload, fault: after(() => undefined) });
    opened.server.faults.push({ on: upload, fault: damage });
    await expect(release(opened)).rejects.toMatchObject({
      code: 'ASSET_NOT_KEPT',
      message: expect.stringContaining('armv7l_qemu-arm-static.tar.gz is sha256:000'),
    });
    expect(opened.repository.releases.map(({ draft }) => draft)).toEqual([true]);
  });
});
