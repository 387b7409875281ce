import { expect, test } from 'vitest';
import { isOurThread, isSameText, keepOne, markerOf, withdraw } from './keep-one.ts';
import { openedGitHub } from './testing/open.ts';

const wanted = { title: 'title', body: 'body' };

/** A repository with an issue, and what keeps one issue there, whether open or closed ones are listed too. */
async function withIssue(issue: { title: string; body: string; state?: string }) {
  const { github, repository } = await openedGitHub();
  const { api, repository: names } = github;
  const { data } = await api.rest.issues.create({ ...names, ...issue });
  if (issue.state === 'closed')
    await api.rest.issues.update({ ...names, issue_number: data.number, state: 'closed' });
  const list = async () => (await api.rest.issues.listForRepo({ ...names, state: 'all' })).data;
  const keep = () =>
    keepOne(github, wanted, list, async () => (await api.rest.issues.create({ ...names, ...wanted })).data);
  return { github, repository, number: data.number, list, keep };
}

test('an open thread that says something else is updated', async () => {
  const { repository, number, keep } = await withIssue({ title: 'title', body: 'old' });
  expect(await keep()).toMatchObject({ action: 'updated', number });
  expect(repository.threads).toMatchObject([{ ...wanted, number, state: 'open' }]);
});

test('an open thread of another title is updated', async () => {
  const { repository, keep } = await withIssue({ title: 'old', body: 'body' });
  expect(await keep()).toMatchObject({ action: 'updated' });
  expect(repository.threads).toMatchObject([wanted]);
});

test('an open thread that says the same is left, line ends as GitHub’s editor writes them', async () => {
  const { repository, keep } = await withIssue({ title: 'title', body: 'body\r\n' });
  expect(await keep()).toMatchObject({ action: 'unchanged' });
  expect(repository.threads.map(({ state, body }) => [state, body])).toEqual([['open', 'body\r\n']]);
  expect([isSameText('a\r\nb', 'a\nb\n'), isSameText(null, ''), isSameText('a', 'b')]).toEqual([
    true,
    true,
    false,
  ]);
});

test('a closed thread is not touched: a new one is opened', async () => {
  const { repository, keep } = await withIssue({ title: 'title', body: 'old', state: 'closed' });
  expect(await keep()).toMatchObject({ action: 'opened' });
  expect(repository.threads.map(({ state, body }) => [state, body])).toEqual([
    ['closed', 'old'],
    ['open', 'body'],
  ]);
});

test('a thread that is withdrawn loses its marker, and is not ours any more', async () => {
  const body = `${markerOf('matter')}\r\ntext <!-- a note -->\r\n`;
  const { github, list } = await withIssue({ title: 'title', body });
  const [thread] = await list();
  if (thread === undefined) throw new Error('no issue');
  expect(isOurThread(thread)).toBe(true);
  expect(await withdraw(github, thread, 'it is over')).toMatchObject({ action: 'closed' });
  const [closed] = await list();
  expect(closed).toMatchObject({
    state: 'closed',
    body: 'Closed by `image-builder track`: it is over.\n\ntext <!-- a note -->\r\n',
  });
  expect(closed && isOurThread(closed)).toBe(false);
});

test('a thread without a text is not ours', () => {
  expect([{}, { body: null }, { body: 'text' }].map(isOurThread)).toEqual([false, false, false]);
});
