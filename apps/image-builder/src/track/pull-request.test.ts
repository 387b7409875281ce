import {
  after,
  answers,
  type Fault,
  losesAnswer,
  type OpenedGitHub,
  openedGitHub,
} from '@qemu-user-static/github/testing';
import { formatLock, parseLock } from '@qemu-user-static/lock';
import { lockOf } from '@qemu-user-static/lock/testing';
import { describe, expect, test } from 'vitest';
import { foresee, type Proposal, propose, proposedLock, withdrawProposal } from './pull-request.ts';

const BRANCH = 'track/sources-lock';
const FILE = 'sources.lock.json';
const TRAILER = 'Made-by: image-builder track';

function proposal(now: string): Proposal {
  const marker = `<!-- image-builder track: ${now} -->`;
  return { marker, title: `to ${now}`, body: `${marker}\nread this`, before: 'old', now };
}

/** A repository whose main branch has the lock that proposals begin with. */
async function opened(): Promise<OpenedGitHub> {
  const made = await openedGitHub();
  made.repository.push('main', 'first', { [FILE]: 'old', 'README.md': 'read me' });
  return made;
}

const headOf = ({ repository }: OpenedGitHub, branch: string) => repository.refs.get(`heads/${branch}`) ?? '';
const parentOf = (made: OpenedGitHub) => made.repository.commits.get(headOf(made, BRANCH))?.parents;
const writes = ({ server }: OpenedGitHub) => server.requests.filter((request) => !request.startsWith('GET'));

test('the first proposal opens a pull request: one commit over the base, in which only the lock differs', async () => {
  const made = await opened();
  expect(await propose(made.github, proposal('new'))).toMatchObject({ action: 'opened' });
  expect(made.repository.threads).toMatchObject([
    { head: BRANCH, base: 'main', title: 'to new', state: 'open' },
  ]);
  expect(parentOf(made)).toEqual([headOf(made, 'main')]);
  expect(made.repository.read(BRANCH, FILE)).toBe('new');
  expect(made.repository.read(BRANCH, 'README.md')).toBe('read me');
});

test('the same proposal again writes nothing; another one updates branch and pull request', async () => {
  const made = await opened();
  await propose(made.github, proposal('new'));
  made.server.requests.length = 0;
  expect(await propose(made.github, proposal('new'))).toMatchObject({ action: 'unchanged' });
  expect(writes(made)).toEqual([]);

  expect(await propose(made.github, proposal('newer'))).toMatchObject({ action: 'updated' });
  expect(made.repository.threads).toMatchObject([{ title: 'to newer' }]);
  expect(made.repository.read(BRANCH, FILE)).toBe('newer');
  expect(parentOf(made)).toEqual([headOf(made, 'main')]);
});

test('the pull request is found among very many', async () => {
  const made = await opened();
  await propose(made.github, proposal('new'));
  for (let other = 0; other < 250; other++)
    made.repository.threads.push({
      number: 1000 + other,
      title: '',
      body: '',
      state: 'closed',
      labels: [],
      head: BRANCH,
      base: 'main',
      mergedAt: '2026-01-01T00:00:00Z',
    });
  expect(await propose(made.github, proposal('newer'))).toMatchObject({ action: 'updated' });
  expect(made.repository.threads.filter(({ state }) => state === 'open')).toHaveLength(1);
});

describe('others work in the repository too', () => {
  test('a base that moved on is followed', async () => {
    const made = await opened();
    await propose(made.github, proposal('new'));
    const head = made.repository.push('main', 'another change', { 'README.md': 'changed' });
    expect(await propose(made.github, proposal('new'))).toMatchObject({ action: 'updated' });
    expect(parentOf(made)).toEqual([head]);
    expect(made.repository.read(BRANCH, 'README.md')).toBe('changed');
  });

  test('a base with another lock than the checkout is refused', async () => {
    const made = await opened();
    made.repository.push('main', 'merged', { [FILE]: 'another' });
    await expect(propose(made.github, proposal('new'))).rejects.toMatchObject({ code: 'BASE_DIFFERS' });
    expect(writes(made)).toEqual([]);
  });

  test('a commit of someone else on the branch is never overwritten', async () => {
    const made = await opened();
    await propose(made.github, proposal('new'));
    const theirs = made.repository.push(BRANCH, 'fix it by hand', { 'sources.json': '{}' });
    await expect(propose(made.github, proposal('newer'))).rejects.toMatchObject({ code: 'BRANCH_FOREIGN' });
    expect(headOf(made, BRANCH)).toBe(theirs);
  });

  test('what GitHub’s button “Update branch” makes of our commit is ours', async () => {
    const made = await opened();
    const { repository } = made;
    await propose(made.github, proposal('new'));
    const base = repository.push('main', 'another change', { 'README.md': 'changed' });
    const ours = headOf(made, BRANCH);
    const merge = repository.commit({
      message: `Merge branch 'main' into ${BRANCH}`,
      tree: repository.commits.get(ours)?.tree ?? '',
      parents: [ours, base],
    });
    repository.refs.set(`heads/${BRANCH}`, merge);
    expect(await propose(made.github, proposal('new'))).toMatchObject({ action: 'updated' });
    expect(parentOf(made)).toEqual([base]);
  });

  test('a merge into a commit of someone else is not', async () => {
    const made = await opened();
    const { repository } = made;
    await propose(made.github, proposal('new'));
    const theirs = repository.push(BRANCH, 'fix it by hand', { 'sources.json': '{}' });
    const base = headOf(made, 'main');
    const { tree = '' } = repository.commits.get(theirs) ?? {};
    const message = `Merge branch 'main' into ${BRANCH}`;
    repository.refs.set(`heads/${BRANCH}`, repository.commit({ message, tree, parents: [theirs, base] }));
    await expect(propose(made.github, proposal('newer'))).rejects.toMatchObject({ code: 'BRANCH_FOREIGN' });
  });

  test('a line that GitHub adds to our commit’s message leaves it ours', async () => {
    const made = await opened();
    await propose(made.github, proposal('new'));
    const { repository } = made;
    const ours = repository.commits.get(headOf(made, BRANCH));
    if (ours === undefined) throw new Error('no commit');
    const longer = repository.commit({ ...ours, message: `${ours.message}\n` });
    repository.refs.set(`heads/${BRANCH}`, longer);
    expect(await propose(made.github, proposal('newer'))).toMatchObject({ action: 'updated' });

    const message = `Merge branch 'main' into ${BRANCH}\n`;
    const parents = [longer, headOf(made, 'main')];
    repository.refs.set(`heads/${BRANCH}`, repository.commit({ ...ours, message, parents }));
    expect(await propose(made.github, proposal('newest'))).toMatchObject({ action: 'updated' });
  });

  test.each(['take what main has', `Fix it. Merge branch 'main' into ${BRANCH}`, "Merge branch 'main'"])(
    'nor is a merge that a person named “%s”',
    async (message) => {
      const made = await opened();
      const { repository } = made;
      await propose(made.github, proposal('new'));
      const ours = headOf(made, BRANCH);
      const { tree = '' } = repository.commits.get(ours) ?? {};
      const parents = [ours, headOf(made, 'main')];
      repository.refs.set(`heads/${BRANCH}`, repository.commit({ message, tree, parents }));
      await expect(propose(made.github, proposal('newer'))).rejects.toMatchObject({ code: 'BRANCH_FOREIGN' });
    },
  );

  test('a branch that GitHub does not show is not taken for none', async () => {
    const made = await opened();
    made.server.faults.push({ on: /^GET .*\/git\/ref\/.*sources-lock/, fault: answers(403) });
    await expect(foresee(made.github, proposal('new'))).rejects.toMatchObject({
      message: expect.stringContaining('HTTP status 403'),
    });
  });

  test.each([0, 2])('nor is a commit that is only named so, with %i other parents', async (others) => {
    const made = await opened();
    const { repository } = made;
    await propose(made.github, proposal('new'));
    const ours = headOf(made, BRANCH);
    const { tree = '' } = repository.commits.get(ours) ?? {};
    const message = `Merge branch 'main' into ${BRANCH}`;
    const parents = [ours, ...Array.from({ length: others }, () => headOf(made, 'main'))];
    repository.refs.set(`heads/${BRANCH}`, repository.commit({ message, tree, parents }));
    await expect(propose(made.github, proposal('newer'))).rejects.toMatchObject({ code: 'BRANCH_FOREIGN' });
  });

  test('a pull request from the branch to another base is a person’s, and left alone', async () => {
    const made = await opened();
    await propose(made.github, proposal('new'));
    const [first] = made.repository.threads;
    Object.assign(first ?? {}, { base: 'stable', title: 'for stable', body: 'by hand' });
    expect(await propose(made.github, proposal('newer'))).toMatchObject({ action: 'opened' });
    expect(made.repository.threads).toMatchObject([
      { base: 'stable', title: 'for stable', body: 'by hand' },
      { base: 'main', title: 'to newer' },
    ]);
  });

  test('what a person closed is not opened again, but another proposal is', async () => {
    const made = await opened();
    await propose(made.github, proposal('new'));
    for (const thread of made.repository.threads) thread.state = 'closed';
    expect(await propose(made.github, proposal('new'))).toMatchObject({ action: 'declined' });
    expect(await propose(made.github, proposal('newer'))).toMatchObject({ action: 'opened' });
    expect(made.repository.threads.map(({ state }) => state)).toEqual(['closed', 'open']);
  });

  test('what was merged once may be proposed again', async () => {
    const made = await opened();
    await propose(made.github, proposal('new'));
    for (const thread of made.repository.threads)
      Object.assign(thread, { state: 'closed', mergedAt: '2026-11-01T00:00:00Z' });
    expect(await propose(made.github, proposal('new'))).toMatchObject({ action: 'opened' });
  });

  test('an open pull request is brought to what a person closed in an earlier one', async () => {
    const made = await opened();
    await propose(made.github, proposal('new'));
    for (const thread of made.repository.threads) thread.state = 'closed';
    await propose(made.github, proposal('newer'));
    expect(await propose(made.github, proposal('new'))).toMatchObject({ action: 'updated' });
    expect(made.repository.threads.map(({ title, state }) => `${title} ${state}`)).toEqual([
      'to new closed',
      'to new open',
    ]);
  });

  test('the branch vanishes while it is moved: it is made again', async () => {
    const made = await opened();
    await propose(made.github, proposal('new'));
    const vanishes = after(() => made.repository.refs.delete(`heads/${BRANCH}`));
    made.server.faults.push({ on: /^PATCH .*\/git\/refs/, fault: vanishes });
    await propose(made.github, proposal('newer'));
    expect(made.repository.read(BRANCH, FILE)).toBe('newer');
  });

  test('the branch is made by another run at the same time: it is taken over', async () => {
    const made = await opened();
    const { repository, server } = made;
    const tree = repository.commits.get(headOf(made, 'main'))?.tree ?? '';
    const twin = repository.commit({ message: `x\n\n${TRAILER}`, tree, parents: [] });
    const appears = after(() => repository.refs.set(`heads/${BRANCH}`, twin));
    server.faults.push({ on: /^POST .*\/git\/refs$/, fault: appears });
    await propose(made.github, proposal('new'));
    expect(repository.read(BRANCH, FILE)).toBe('new');
  });
});

describe('before anything is built for a proposal, it is foreseen', () => {
  test('that it can be made, and nothing is written', async () => {
    const made = await opened();
    expect(await foresee(made.github, proposal('new'))).toBe(null);
    expect(writes(made)).toEqual([]);
  });

  test('that a person has declined it', async () => {
    const made = await opened();
    await propose(made.github, proposal('new'));
    for (const thread of made.repository.threads) thread.state = 'closed';
    expect(await foresee(made.github, proposal('new'))).toMatchObject({ action: 'declined' });
  });

  test('that the base has another lock, or the branch a commit of someone else', async () => {
    const made = await opened();
    await propose(made.github, proposal('new'));
    made.repository.push(BRANCH, 'fix it by hand', { 'sources.json': '{}' });
    await expect(foresee(made.github, proposal('new'))).rejects.toMatchObject({ code: 'BRANCH_FOREIGN' });
    made.repository.push('main', 'merged', { [FILE]: 'another' });
    await expect(foresee(made.github, proposal('new'))).rejects.toMatchObject({ code: 'BASE_DIFFERS' });
  });
});

describe('the lock that was proposed', () => {
  const lock = lockOf({ latest: { 'linux/amd64': '11.1.3' } });
  const pushed = async (message: string, files: Record<string, string>) => {
    const made = await opened();
    made.repository.push(BRANCH, message, files);
    return proposedLock(made.github);
  };
  const text = formatLock({
    ...lock,
    sources: Object.fromEntries(
      ['qemu-user 1:11.1.3+ds-1', 'busybox-static 1:1.38.0-3'].map((name) => [
        name,
        { licenses: ['GPL-2'], files: [{ path: 'pool/a.dsc', size: 1, sha256: 'a'.repeat(64) }] },
      ]),
    ),
  });

  test('is that of the branch', async () => {
    expect(await pushed(`x\n\n${TRAILER}`, { [FILE]: text })).toEqual(parseLock(text));
  });

  test.each<[string, string, Record<string, string>]>([
    ['on a branch of someone else', 'by hand', { [FILE]: text }],
    ['that is not understood here', TRAILER, { [FILE]: '{}' }],
    ['in a commit without one', TRAILER, { 'README.md': 'read me' }],
  ])('is none %s', async (_, message, files) => {
    expect(await pushed(message, files)).toBe(null);
  });

  test('is none without a branch', async () => {
    const made = await opened();
    expect(await proposedLock(made.github)).toBe(null);
  });
});

describe('what is proposed no more', () => {
  test('is closed, says why, and may be proposed again', async () => {
    const made = await opened();
    await propose(made.github, proposal('new'));
    expect(await withdrawProposal(made.github, 'old')).toMatchObject({ action: 'closed' });
    expect(made.repository.threads).toMatchObject([
      {
        state: 'closed',
        body: 'Closed by `image-builder track`: the archive has what main has.\n\nread this',
      },
    ]);
    expect(await propose(made.github, proposal('new'))).toMatchObject({ action: 'opened' });
  });

  test('is not there mostly, which costs one request', async () => {
    const made = await opened();
    expect(await withdrawProposal(made.github, 'old')).toBe(null);
    expect(made.server.requests).toHaveLength(1);
  });

  test('is closed though its branch is gone', async () => {
    const made = await opened();
    await propose(made.github, proposal('new'));
    made.repository.refs.delete(`heads/${BRANCH}`);
    expect(await withdrawProposal(made.github, 'old')).toMatchObject({ action: 'closed' });
  });

  test('is left to the person who has made it a pull request to another base', async () => {
    const made = await opened();
    await propose(made.github, proposal('new'));
    for (const thread of made.repository.threads) Object.assign(thread, { base: 'stable' });
    expect(await withdrawProposal(made.github, 'old')).toBe(null);
    expect(made.repository.threads).toMatchObject([{ state: 'open' }]);
  });

  test('is left open where this checkout is not what main has, or a person works on it', async () => {
    const made = await opened();
    await propose(made.github, proposal('new'));
    expect(await withdrawProposal(made.github, 'mine')).toBe(null);
    made.repository.push(BRANCH, 'fix it by hand', { 'sources.json': '{}' });
    expect(await withdrawProposal(made.github, 'old')).toBe(null);
    expect(made.repository.threads).toMatchObject([{ state: 'open' }]);
  });
});

describe('GitHub fails on the way, and there is one pull request with the new lock in the end', () => {
  test.each<[string, RegExp, Fault]>([
    ['the answer to the new pull request is lost', /^POST .*\/pulls$/, losesAnswer],
    ['502 to the new pull request', /^POST .*\/pulls$/, answers(502)],
    ['502 to the new branch', /^POST .*\/git\/refs$/, answers(502)],
    ['the answer to the new branch is lost', /^POST .*\/git\/refs$/, losesAnswer],
    ['502 to a tree', /^POST .*\/git\/trees$/, answers(502)],
    ['the answer to a commit is lost', /^POST .*\/git\/commits$/, losesAnswer],
    ['a limit in the middle', /^POST .*\/git\/commits$/, answers(403, { 'retry-after': '20' })],
    ['429 to the list', /^GET .*\/pulls$/, answers(429, { 'retry-after': '20' })],
  ])('%s', async (_, on, fault) => {
    const made = await opened();
    made.server.faults.push({ on, fault });
    await propose(made.github, proposal('new'));
    expect(made.server.faults).toEqual([]);
    expect(made.repository.threads.map(({ state }) => state)).toEqual(['open']);
    expect(made.repository.read(BRANCH, FILE)).toBe('new');
  });

  test('409 is an error that names the request', async () => {
    const made = await opened();
    made.server.faults.push({ on: /git\/trees$/, fault: answers(409, {}, 'Git Repository is empty.') });
    await expect(propose(made.github, proposal('new'))).rejects.toThrow(
      /^POST 127\S+\/repos\/o\/r\/git\/trees: HTTP status 409, Git Repository is empty/,
    );
  });
});
