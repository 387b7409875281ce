import { Readable } from 'node:stream';
import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { ignoreMissing } from './ignore-missing.ts';
import { hasNext, listAll } from './list-all.ts';
import { openedGitHub } from './testing/open.ts';
import { answers, type Fault, losesAnswer } from './testing/server.ts';

const read = /^GET \/repos\/o\/r$/;

/** Answers of a portal or a proxy in place of GitHub. */
const page: Fault = (response) => {
  response.writeHead(200, { 'content-type': 'text/html' }).end('<p>Please log in as hunter2</p>');
};

describe('a request that failed for now is sent again', () => {
  test.each([
    ['403 with Retry-After', answers(403, { 'retry-after': '30' }), 30_000],
    ['429 with Retry-After', answers(429, { 'retry-after': '30' }), 30_000],
    [
      '403 with a limit that is used up',
      answers(403, { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '1795608060' }),
      61_000,
    ],
    [
      '429 with a limit that is used up',
      answers(429, { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '1795608060' }),
      61_000,
    ],
    [
      '403 with a limit that ended in the meantime',
      answers(403, { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '1' }),
      1000,
    ],
    ['403 that only says so', answers(403, {}, 'You have exceeded a secondary rate limit'), 60_000],
    ['502', answers(502), 250],
    ['a dropped connection', losesAnswer, 250],
  ])('%s', async (_, fault, wait) => {
    const { github, server, clock } = await openedGitHub();
    server.faults.push({ on: read, fault });
    const { data } = await github.api.rest.repos.get(github.repository);
    expect(data.default_branch).toBe('main');
    expect(clock.slept).toEqual([wait]);
  });

  test('longer and longer, and at last it is an error', async () => {
    const { github, server, clock, events } = await openedGitHub();
    for (let i = 0; i < 6; i++) server.faults.push({ on: read, fault: answers(502) });
    await expect(github.api.rest.repos.get(github.repository)).rejects.toMatchObject({
      code: 'GITHUB_UNAVAILABLE',
      message: expect.stringMatching(/^GET 127\.0\.0\.1:\d+\/repos\/o\/r: HTTP status 502/),
    });
    expect(clock.slept).toEqual([250, 500, 1000, 2000, 4000]);
    expect(events).toHaveLength(5);
    expect(events[4]).toEqual({
      type: 'note',
      text: expect.stringMatching(/^GitHub: GET .*: HTTP status 502, status 502; again in 4\.0 s$/),
    });
  });
});

describe('it is an error at once', () => {
  test.each([
    ['401', answers(401), 'GITHUB_REFUSED'],
    ['403 that speaks of no limit', answers(403), 'GITHUB_REFUSED'],
    [
      '403 with a limit that is not used up',
      answers(403, { 'x-ratelimit-remaining': '1', 'x-ratelimit-reset': '1795608060' }),
      'GITHUB_REFUSED',
    ],
    ['404', answers(404), 'GITHUB_REFUSED'],
    ['409', answers(409), 'GITHUB_CONFLICT'],
    ['429 with an hour to wait', answers(429, { 'retry-after': '3600' }), 'GITHUB_RATE_LIMITED'],
  ])('%s', async (_, fault, code) => {
    const { github, server, clock } = await openedGitHub();
    server.faults.push({ on: read, fault });
    await expect(github.api.rest.repos.get(github.repository)).rejects.toMatchObject({ code });
    expect(clock.slept).toEqual([]);
  });
});

test('a page in place of an answer is not an answer, and is not quoted', async () => {
  const { github, server, clock } = await openedGitHub();
  server.faults.push({ on: /\/issues$/, fault: page });
  const list = () => listAll(github.api.rest.issues.listForRepo, github.repository);
  expect(await list()).toEqual([]);
  expect(clock.slept).toEqual([250]);
  for (let i = 0; i < 6; i++) server.faults.push({ on: /\/issues$/, fault: page });
  await expect(list()).rejects.toMatchObject({
    code: 'GITHUB_UNAVAILABLE',
    message: expect.stringMatching(/^GET 127\.0\.0\.1:\d+\/repos\/o\/r\/issues: HTTP status 200, no JSON$/),
  });
});

test('no error and no event has the token', async () => {
  const { github, server, events } = await openedGitHub('ghp_hunter2');
  for (let i = 0; i < 6; i++) server.faults.push({ on: read, fault: answers(502) });
  const error: Error = await github.api.rest.repos.get(github.repository).then(
    () => new Error('no error'),
    (caught) => caught,
  );
  expect(error).toMatchObject({ code: 'GITHUB_UNAVAILABLE' });
  expect(`${inspect(error, { depth: 9 })}${JSON.stringify(events)}`).not.toContain('hunter2');
});

describe('what makes something', () => {
  const issue = { title: 't', body: 'b' };
  /** `printf text | git hash-object --stdin` */
  const BLOB_OF_TEXT = 'f3a34851d44d6b97c90fbb99dd3d18c261b9a237';

  test('is looked for before it is sent again, so that there are never two', async () => {
    const { github, server, repository } = await openedGitHub();
    const { api } = github;
    server.faults.push({ on: /^POST .*\/issues$/, fault: losesAnswer });
    const found = await github.ensure(
      async () => (await api.rest.issues.listForRepo(github.repository)).data[0],
      async () => (await api.rest.issues.create({ ...github.repository, ...issue })).data,
    );
    expect(found.title).toBe('t');
    expect(repository.threads).toHaveLength(1);
  });

  test('is not sent again by itself: whether it was made is not known', async () => {
    const { github, server, repository, clock } = await openedGitHub();
    server.faults.push({ on: /^POST .*\/issues$/, fault: losesAnswer });
    const made = github.api.rest.issues.create({ ...github.repository, ...issue });
    await expect(made).rejects.toMatchObject({ code: 'GITHUB_UNAVAILABLE' });
    expect([repository.threads.length, clock.slept]).toEqual([1, []]);
  });

  test('and is named by its contents is, for twice makes one', async () => {
    const { github, server, clock } = await openedGitHub();
    server.faults.push({ on: /^POST .*\/git\/blobs$/, fault: losesAnswer });
    const blob = { content: 'text', encoding: 'utf-8' };
    const { data } = await github.api.rest.git.createBlob({ ...github.repository, ...blob });
    expect(data.sha).toBe(BLOB_OF_TEXT);
    expect(clock.slept).toEqual([250]);
  });

  test('and is taken is looked for once more; taken again, it is an error', async () => {
    const { github, server, repository, clock } = await openedGitHub();
    const taken = { on: /^POST .*\/issues$/, fault: answers(422) };
    const make = async () => (await github.api.rest.issues.create({ ...github.repository, ...issue })).data;
    server.faults.push(taken);
    let looked = 0;
    const find = async () => {
      looked += 1;
      return undefined;
    };
    expect(await github.ensure(find, make)).toMatchObject({ title: 't' });
    expect([looked, repository.threads.length]).toEqual([2, 1]);
    server.faults.push(taken, taken);
    await expect(github.ensure(find, make)).rejects.toMatchObject({ status: 422 });
    expect([repository.threads.length, clock.slept]).toEqual([1, []]);
  });

  test('from a stream is not sent again, though a limit refused it: the stream has been read', async () => {
    const { github, server, clock } = await openedGitHub();
    server.faults.push({ on: /^POST/, fault: answers(429, { 'retry-after': '7' }) });
    const upload = { method: 'POST' as const, url: '/repos/o/r/issues', data: Readable.from(['{}']) };
    await expect(github.api.request(upload)).rejects.toMatchObject({ code: 'GITHUB_RATE_LIMITED' });
    expect(clock.slept).toEqual([]);
  });

  test('is sent again when a limit refused it', async () => {
    const { github, server, repository, clock } = await openedGitHub();
    server.faults.push({ on: /^POST/, fault: answers(429, { 'retry-after': '7' }) });
    await github.api.rest.issues.create({ ...github.repository, ...issue });
    expect([repository.threads.length, clock.slept]).toEqual([1, [7000]]);
  });
});

test.each([
  ['<x>; rel="next"', true],
  ['<x>;rel="next", <y>; rel="last"', true],
  ['<x>; rel="prev"', false],
  [undefined, false],
])('Link %s: another page follows: %s', (link, follows) => {
  expect(hasNext({ link })).toBe(follows);
});

describe('a removal', () => {
  const remove = async (status: number) => {
    const { github, server } = await openedGitHub();
    server.faults.push({ on: /^DELETE/, fault: answers(status) });
    return ignoreMissing(github.api.rest.repos.deleteRelease({ ...github.repository, release_id: 7 }));
  };

  test('of what is gone has been done', async () => {
    await expect(remove(404)).resolves.toBeUndefined();
  });

  test('that is refused is an error', async () => {
    await expect(remove(403)).rejects.toMatchObject({ code: 'GITHUB_REFUSED' });
  });
});
