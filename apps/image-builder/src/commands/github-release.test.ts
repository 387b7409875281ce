import { execFileSync } from 'node:child_process';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder } from '@qemu-user-static/debian-archive/testing';
import { after, type OpenedGitHub, openedGitHub } from '@qemu-user-static/github/testing';
import { formatLock, type Lock, parseLock, readLock, writeLock } from '@qemu-user-static/lock';
import { afterAll, describe, expect, test } from 'vitest';
import { gateFile, HUNG } from '../testing/gates.ts';
import { stateOf } from '../testing/release-state.ts';
import { COMMIT, releasesAtHand } from '../testing/releases.ts';
import { command as gitHubReleaseCommand } from './github-release.ts';

const { folder, checkout, options, release, close } = await releasesAtHand();
afterAll(close);

const writes = ({ server }: OpenedGitHub) => server.requests.filter((request) => !request.startsWith('GET'));

/** A lock with an older emulator for one host. */
function otherLock(lock: Lock): Lock {
  const old = structuredClone(lock);
  const amd64 = old.channels.latest?.platforms['linux/amd64'];
  if (amd64 === undefined) throw new Error('no linux/amd64');
  amd64.emulators.version = '1:11.1.2+ds-1';
  return old;
}

describe('the files', () => {
  test('are named as users of such images know them, and are the same each time', async () => {
    const into = await temporaryFolder();
    const { environment } = checkout;
    const made = await gitHubReleaseCommand.run({ ...options, assets: into }, environment);
    const again = await gitHubReleaseCommand.run(options, environment);
    expect(again.value).toEqual(made.value);
    expect(made.text).toContain('nothing was sent');
    expect(made.value).toMatchObject({
      releases: [
        {
          tag: 'v10.2.2-1',
          assets: [
            { name: 'armv7l_qemu-arm-static.tar.gz' },
            { name: 'conformance.json' },
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
            { name: 'conformance.json' },
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
      ],
    });

    const place = join(into, 'v11.1.3-1');
    const run = (program: string, ...args: string[]) =>
      execFileSync(program, args, { cwd: place }).toString();
    expect(run('sha256sum', '--check', 'SHA256SUMS').trim().split('\n')).toHaveLength(11);
    expect(run('tar', '-tvzf', 'x86_64_qemu-arm-static.tar.gz')).toMatch(
      /^-rwxr-xr-x root\/root +\d+ 2026-10-30 \d\d:08 qemu-arm-static\n$/,
    );
    expect(run('tar', '-xOzf', 'qemu-arm-static.tar.gz')).toBe(
      (await readFile(join(place, 'qemu-arm-static'))).toString(),
    );
    expect(await readFile(join(place, 'qemu-arm-static'), 'latin1')).toContain('qemu-arm version 11.1.3');
    const left = (await readdir(place)).filter((name) => !name.startsWith('.'));
    expect(left).toHaveLength(12);
  });

  test('are not made where --push has no token', async () => {
    const assets = join(await temporaryFolder(), 'assets');
    const pushed = gitHubReleaseCommand.run({ ...options, assets, push: true }, checkout.environment);
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
      '10.2.2-1-gzip',
      '10.2.2-1-zstd',
      '10.2.2-gzip',
      '10.2.2-zstd',
      'arm-10.2.2',
      'arm-10.2.2-1',
      'armv7l-arm-10.2.2',
      'armv7l-arm-10.2.2-1',
      'register-10.2.2',
      'register-10.2.2-1',
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
    for (let n = 0; n < 17; n++)
      opened.server.faults.push({
        on: /^POST .*\/assets$/,
        fault: after(() => drafts.push(opened.repository.releases.at(-1)?.draft === true)),
      });
    const text = await release(opened);
    expect(drafts).toEqual(Array(17).fill(true));
    expect(text).toMatch(/^v10\.2\.2-1: published, 5 files, .*\nv11\.1\.3-1: published, 12 files, /);
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
    expect(body).toContain('; those without a host in their names are for x86_64. 12 files');
    // No host of that version has the plain names.
    expect(opened.repository.releases[0]?.body).toMatch(/by `uname -m`\. 5 files/);
    expect(body).not.toContain('Changes since');
    expect(body).toMatch(/The image `11\.1\.3-1` is `sha256:[0-9a-f]{64}`/);
  });

  test('of a version that the gate holds are marked with case, guest and program, and are not the latest', async () => {
    const opened = await openedGitHub();
    const { environment } = checkout;
    const lock = await readLock(environment.paths.lock);
    const gate = [await gateFile(join(folder, 'gate.json'), lock, [HUNG])];
    const builder = async () => ({ commit: COMMIT, builder: { id: 'test' } });
    const machine = { ...environment, github: async () => opened.github, builder };
    await gitHubReleaseCommand.run({ ...options, gate, push: true }, machine);
    const [other, held] = opened.repository.releases;
    expect(held).toMatchObject({ tag_name: 'v11.1.3-1', draft: false, make_latest: 'false' });
    expect(held?.body).toContain(
      'The tag `latest` stays on the version before this one: these cases passed before and fail now.',
    );
    expect(held?.body).toContain(
      `- guest \`aarch64\`, case \`threads\` (eight threads), program \`arm64 static\`: hang: \`not ended after 90 s\`; to show it: \`${HUNG.command}\`\n`,
    );
    expect(other?.body).not.toContain('Conformance');
  });

  test('made again, change nothing', async () => {
    const opened = await openedGitHub();
    await release(opened);
    opened.server.requests.length = 0;
    expect(await release(opened)).toContain('v11.1.3-1: unchanged, 12 files');
    expect(writes(opened)).toEqual([]);
  });

  test('list what changed since the release before', async () => {
    const opened = await openedGitHub();
    await release(opened);
    const old = otherLock(await readLock(checkout.environment.paths.lock));
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

  test.each([
    ['one that was made from this lock', (lock: Lock) => lock, false],
    ['a draft', otherLock, true],
  ])('%s is not the release before', async (_, lockOf, draft) => {
    const opened = await openedGitHub();
    await release(opened);
    const { releases, refs } = opened.repository;
    const [before] = releases;
    const lockAsset = before?.assets.find(({ name }) => name === 'sources.lock.json');
    if (before === undefined || lockAsset === undefined) throw new Error('no lock');
    const lock = await readLock(checkout.environment.paths.lock);
    await writeFile(lockAsset.file, formatLock(lockOf(lock)));
    // Without a digest, only the text shows which lock it is.
    Object.assign(lockAsset, { digest: null });
    Object.assign(before, { draft, tag_name: 'v9.9.9-1' });
    releases.splice(1);
    refs.delete('tags/v11.1.3-1');
    await release(opened);
    const made = releases.find(({ tag_name }) => tag_name === 'v11.1.3-1');
    expect(made?.body).toContain('### Files');
    expect(made?.body).not.toContain('Changes since');
  });

  test('a draft on another commit is moved to the one that is checked out', async () => {
    const opened = await openedGitHub();
    await release(opened);
    const expected = stateOf(opened.repository);
    const [, draft] = opened.repository.releases;
    Object.assign(draft ?? {}, { draft: true, target_commitish: 'd'.repeat(40) });
    opened.repository.refs.delete('tags/v11.1.3-1');
    await release(opened);
    expect(stateOf(opened.repository)).toEqual(expected);
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

  test('are right where GitHub reports no digests: the files are read back', async () => {
    const opened = await openedGitHub();
    await release(opened);
    for (const { assets: all } of opened.repository.releases) for (const asset of all) asset.digest = null;
    expect(await release(opened)).toContain('v11.1.3-1: unchanged');
  });

  test('a file that is not of a published release is reported, its name escaped', async () => {
    const opened = await openedGitHub();
    await release(opened);
    const [first] = opened.repository.releases;
    const [asset] = first?.assets ?? [];
    if (asset === undefined) throw new Error('no asset');
    first?.assets.push({ ...asset, id: 999, name: 'planted\n\u001b[2J.gz' });
    const notes: string[] = [];
    await release(opened, { onEvent: (event) => event.type === 'note' && notes.push(event.text) });
    expect(notes).toEqual(['v10.2.2-1: planted\\n\\u{1b}[2J.gz on GitHub is not of this release']);
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
