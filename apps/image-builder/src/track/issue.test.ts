import { type OpenedGitHub, openedGitHub } from '@qemu-user-static/github/testing';
import { expect, test } from 'vitest';
import { keepIssue } from './issue.ts';

const findings = (...messages: string[]) =>
  messages.map((message) => ({ channel: 'latest', code: 'RELEASE_EXPIRED', message, remedy: 'Wait.' }));

const statesOf = ({ repository }: OpenedGitHub) => repository.threads.map(({ state }) => state);
const decline = ({ repository }: OpenedGitHub) =>
  Object.assign(repository.threads.at(-1) ?? {}, { state: 'closed', stateReason: 'not_planned' });

test('several findings about a channel are one issue, which names it once', async () => {
  const made = await openedGitHub();
  expect(await keepIssue(made.github, findings('one', 'two'))).toMatchObject({ action: 'opened' });
  const [issue] = made.repository.threads;
  expect(issue?.title).toBe('track: latest needs a person');
  for (const message of ['one', 'two'])
    expect(issue?.body).toContain(`- **latest**: \`RELEASE_EXPIRED\`: ${message}\n  Wait.\n`);
});

test('an open issue is closed where all that is left was declined in another', async () => {
  const made = await openedGitHub();
  await keepIssue(made.github, findings('one'));
  decline(made);
  await keepIssue(made.github, findings('one', 'two'));
  expect(statesOf(made)).toEqual(['closed', 'open']);
  expect(await keepIssue(made.github, findings('one'))).toMatchObject({
    number: made.repository.threads[1]?.number,
    action: 'closed',
  });
  expect(statesOf(made)).toEqual(['closed', 'closed']);
});

test('what was declined names the issue in which it was', async () => {
  const made = await openedGitHub();
  await keepIssue(made.github, findings('one'));
  decline(made);
  await keepIssue(made.github, findings('two'));
  decline(made);
  expect(await keepIssue(made.github, findings('one'))).toMatchObject({
    number: made.repository.threads[0]?.number,
    action: 'declined',
  });
});

test('an open issue that was declined once is kept up to date', async () => {
  const made = await openedGitHub();
  await keepIssue(made.github, findings('one'));
  // As GitHub has it where a person has opened it again.
  Object.assign(made.repository.threads[0] ?? {}, { stateReason: 'not_planned' });
  expect(await keepIssue(made.github, findings('one'))).toMatchObject({ action: 'unchanged' });
});

test('a pull request with the label is no issue, even with our text', async () => {
  const made = await openedGitHub();
  await keepIssue(made.github, findings('one'));
  Object.assign(made.repository.threads[0] ?? {}, { head: 'branch', base: 'main' });
  expect(await keepIssue(made.github, [])).toBe(null);
  expect(await keepIssue(made.github, findings('one'))).toMatchObject({ action: 'opened' });
  expect(statesOf(made)).toEqual(['open', 'open']);
});
