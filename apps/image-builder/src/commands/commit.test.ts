import { execFileSync } from 'node:child_process';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { temporaryFolder } from '@qemu-user-static/debian-archive/testing';
import { expect, test } from 'vitest';
import { builderOf, commitOf } from './commit.ts';

const SCRIPT = 'apps/register/src/script/registering/10-settings.sh';
const TRACKED = {
  '.gitignore': 'node_modules/\ndist/\n*.log\n.vitest/\n',
  'README.md': 'read',
  [SCRIPT]: 'true',
  'libs/debian-archive/keys/a.asc': 'key',
  'sources.lock.json': '{}',
};

/** A checkout in which everything is committed. */
async function checkout() {
  const folder = await temporaryFolder();
  const git = (...words: string[]) =>
    execFileSync('git', ['-C', folder, ...words])
      .toString()
      .trim();
  const write = async (path: string, text: string) => {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  };
  git('init', '--quiet');
  for (const [path, text] of Object.entries(TRACKED)) await write(path, text);
  git('add', '--all');
  git('-c', 'user.name=me', '-c', 'user.email=me@example.org', 'commit', '--quiet', '--message=all');
  return { folder, write, head: git('rev-parse', 'HEAD') };
}

test('a checkout in which nothing is changed has a commit', async () => {
  const { folder, head } = await checkout();
  expect(head).toMatch(/^[0-9a-f]{40}$/);
  expect(await commitOf(folder)).toBe(head);
});

test.each([
  'notes.txt',
  'dist/oci/index.json',
  'node_modules/x/index.js',
  'apps/register/node_modules/x.js',
  'libs/arch-table/dist/x.js',
])('a file that is not an input does not matter: %s', async (path) => {
  const { folder, write, head } = await checkout();
  await write(path, 'x');
  expect(await commitOf(folder)).toBe(head);
});

test.each([
  ['changed', 'README.md'],
  ['changed', SCRIPT],
  ['untracked', 'apps/register/src/script/registering/15-more.sh'],
  ['untracked', 'libs/debian-archive/keys/b.asc'],
  ['ignored', 'apps/register/src/script/registering/15-more.log'],
  ['ignored', 'apps/register/src/script/dist/15-more.sh'],
])('an input that is %s: %s', async (_, path) => {
  const { folder, write, head } = await checkout();
  await write(path, 'other');
  await expect(commitOf(folder)).rejects.toMatchObject({
    code: 'COMMIT_UNKNOWN',
    message: expect.stringMatching(new RegExp(`commit ${head} has:\n {2}- \\s?\\S+ ${path}$`)),
  });
});

test('an input that was removed', async () => {
  const { folder } = await checkout();
  await rm(join(folder, SCRIPT));
  await expect(commitOf(folder)).rejects.toMatchObject({ code: 'COMMIT_UNKNOWN' });
});

test('a folder that is not a checkout', async () => {
  const folder = await temporaryFolder();
  await expect(commitOf(folder)).rejects.toMatchObject({
    code: 'COMMIT_UNKNOWN',
    message: `git cannot name the commit of ${folder}`,
  });
});

test('a workflow of GitHub is the builder by its own addresses; anywhere else it is somebody’s machine', () => {
  const source = 'https://example.org/o/r';
  const workflow = {
    GITHUB_ACTIONS: 'true',
    GITHUB_SERVER_URL: 'https://github.com',
    GITHUB_REPOSITORY: 'o/r',
    GITHUB_WORKFLOW_REF: 'o/r/.github/workflows/release.yml@refs/tags/v1',
    GITHUB_RUN_ID: '123',
    GITHUB_RUN_ATTEMPT: '2',
  };
  expect(builderOf(workflow, source)).toEqual({
    id: 'https://github.com/o/r/.github/workflows/release.yml@refs/tags/v1',
    invocation: 'https://github.com/o/r/actions/runs/123/attempts/2',
  });
  const somebody = { id: 'https://example.org/o/r/blob/main/docs/supply-chain.md#somebodys-machine' };
  expect(builderOf({}, source)).toEqual(somebody);
  expect(builderOf({ ...workflow, GITHUB_ACTIONS: 'false' }, source)).toEqual(somebody);
});
