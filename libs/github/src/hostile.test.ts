import { createServer, type IncomingHttpHeaders, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { inspect } from 'node:util';
import { Agent } from 'undici';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { openGitHub } from './client.ts';
import { guardedFetch } from './guarded-fetch.ts';
import { listAll } from './list-all.ts';
import { testClock } from './testing/open.ts';

const TOKEN = 'ghp_0123456789abcdefghijklmnopqrstuvwxyz';

/** A server on loopback, and the headers of each request that arrived. */
async function listen(handle: RequestListener) {
  const arrived: { line: string; headers: IncomingHttpHeaders; body: string }[] = [];
  const server = createServer(async (request, response) => {
    const entry = { line: `${request.method} ${request.url}`, headers: request.headers, body: '' };
    arrived.push(entry);
    handle(request, response);
    for await (const chunk of request) entry.body += chunk;
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, arrived };
}

/** A client of a GitHub that answers so, and a host that is not GitHub's. */
async function open(handle: (foreign: string) => RequestListener, settings = {}) {
  const foreign = await listen((_, response) => {
    response.writeHead(200, { 'content-type': 'application/json' }).end('[]');
  });
  const api = await listen(handle(foreign.url));
  const events: object[] = [];
  const github = openGitHub({
    baseUrl: api.url,
    token: TOKEN,
    repository: { owner: 'o', repo: 'r' },
    proxies: {},
    clock: testClock(),
    onEvent: (event) => events.push(event),
    ...settings,
  });
  onTestFinished(() => github.close());
  return { github, api, foreign, events };
}

const answer =
  (body: unknown, status = 200, headers = {}): RequestListener =>
  (_, response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  };
const caught = (work: Promise<unknown>) =>
  work.then(
    (value) => expect.fail(`no error, but ${inspect(value)}`),
    (error: Error & { code?: string }) => error,
  );

describe('another host never sees the token:', () => {
  test('the address of the next page is not followed', async () => {
    const { github, api, foreign } = await open((url) => {
      let pages = 0;
      return (request, response) => {
        pages += 1;
        const link = pages < 3 ? { link: `<${url}/next>; rel="next"` } : {};
        answer([{ name: `v${pages}` }], 200, link)(request, response);
      };
    });
    const tags = await listAll(github.api.rest.repos.listTags, github.repository);
    expect(tags.map(({ name }) => name)).toEqual(['v1', 'v2', 'v3']);
    expect(api.arrived.map(({ line }) => line)).toEqual(
      [1, 2, 3].map((page) => `GET /repos/o/r/tags?per_page=100&page=${page}`),
    );
    expect(foreign.arrived).toEqual([]);
  });

  test('an upload address there is refused, and nothing is sent', async () => {
    const { github, foreign } = await open(() => answer({}));
    const url = `${foreign.url}/repos/o/r/releases/1/assets{?name}`;
    const error = await caught(github.api.request({ method: 'POST', url, name: 'x', data: 'bytes' }));
    expect(error.code).toBe('GITHUB_ADDRESS_FOREIGN');
    expect(foreign.arrived).toEqual([]);
  });

  test.each([301, 302, 303, 307, 308])('a GET redirected by %i arrives without it', async (status) => {
    const { github, foreign } = await open((url) => answer('', status, { location: `${url}/there` }));
    await github.api.rest.repos.listTags(github.repository);
    expect(foreign.arrived.map(({ line, headers }) => [line, headers.authorization])).toEqual([
      ['GET /there', undefined],
    ]);
    expect(inspect(foreign.arrived, { depth: 9 })).not.toContain(TOKEN);
  });

  test.each([301, 302, 303, 307, 308])('what writes and is redirected by %i is refused', async (status) => {
    const { github, foreign } = await open((url) => answer('', status, { location: `${url}/there` }));
    const error = await caught(github.api.rest.issues.create({ ...github.repository, title: 't' }));
    expect(error.code).toBe('GITHUB_ADDRESS_FOREIGN');
    expect(foreign.arrived).toEqual([]);
  });
});

test.each([
  ['https://api.github.com', 'https://uploads.github.com/x', true],
  ['https://api.github.com', 'https://api.github.com/x', true],
  ['https://api.me.ghe.com', 'https://uploads.me.ghe.com/x', true],
  ['https://ghe.example/api/v3', 'https://ghe.example/api/uploads/x', true],
  ['https://api.github.com', 'http://uploads.github.com/x', false],
  ['https://api.github.com', 'https://uploads.github.com:8443/x', false],
  ['https://api.github.com', 'https://uploads.github.com.example/x', false],
  ['https://ghe.example/api/v3', 'https://uploads.ghe.example/x', false],
  ['https://gheapi.example/api/v3', 'https://gheuploads.example/x', false],
])('of %s, %s is its own: %s', async (baseUrl, url, isOwn) => {
  // Nothing is reached through this dispatcher: what is its own fails there, what is foreign before.
  const dispatcher = { dispatch: () => expect.fail('reached') } as never;
  const error = await caught(guardedFetch({ baseUrl, token: TOKEN, dispatcher })(url));
  expect(error.code === 'GITHUB_ADDRESS_FOREIGN').toBe(!isOwn);
});

describe('answers are bounded:', () => {
  test('a body', async () => {
    const { github, api } = await open(() => answer(JSON.stringify('x'.repeat(2000))), { maxBody: 1000 });
    const error = await caught(github.api.rest.repos.get(github.repository));
    expect(error).toMatchObject({
      code: 'GITHUB_ANSWER_UNBOUNDED',
      message: expect.stringContaining('1000'),
    });
    expect(api.arrived).toHaveLength(1);
  });

  test('a body that drips', async () => {
    const drip: RequestListener = (_, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      const timer = setInterval(() => response.write(' '), 10);
      response.on('close', () => clearInterval(timer));
    };
    const { github, api } = await open(() => drip, { deadlineMs: 200 });
    const error = await caught(github.api.rest.repos.get(github.repository));
    expect(error).toMatchObject({
      code: 'GITHUB_ANSWER_UNBOUNDED',
      message: expect.stringMatching(/: not done after 0\.2 s$/),
    });
    expect(api.arrived).toHaveLength(1);
  });

  test('a list whose pages never end', async () => {
    const { github, api } = await open(() => answer([], 200, { link: '<http://x/>; rel="next"' }));
    const error = await caught(listAll(github.api.rest.repos.listTags, github.repository));
    expect(error.code).toBe('GITHUB_ANSWER_UNBOUNDED');
    expect(api.arrived).toHaveLength(100);
  });
});

describe('an answer of another form is an error with a code:', () => {
  const sha = 'a'.repeat(40);
  test.each([
    ['an empty body', ''],
    ['a text', '"login"'],
    ['null', 'null'],
    ['a list', '[]'],
    ['no JSON', '{"default_branch":'],
    ['another type', { default_branch: 7 }],
  ])('%s', async (_, body) => {
    const { github } = await open(() => answer(body));
    const error = await caught(github.api.rest.repos.get(github.repository));
    expect(error.code).toBe('GITHUB_UNAVAILABLE');
  });

  test.each([
    ['an object', {}],
    ['null in it', [null]],
    ['a name that is a number', [{ name: 7 }]],
  ])('a list that is %s', async (_, body) => {
    const { github } = await open(() => answer(body));
    const error = await caught(listAll(github.api.rest.repos.listTags, github.repository));
    expect(error.code).toBe('GITHUB_UNAVAILABLE');
  });

  test('a list that conflicts is not an empty one', async () => {
    const { github } = await open(() => answer({ message: 'conflict' }, 409));
    const error = await caught(listAll(github.api.rest.repos.listReleases, github.repository));
    expect(error.code).toBe('GITHUB_CONFLICT');
  });

  test('a malformed name of a commit', async () => {
    const { github } = await open(() => answer({ object: { sha: '../x', type: 'commit' } }));
    const error = await caught(github.api.rest.git.getRef({ ...github.repository, ref: 'tags/v1' }));
    expect(error.code).toBe('GITHUB_UNAVAILABLE');
    const good = await open(() => answer({ object: { sha, type: 'commit' } }));
    const { data } = await good.github.api.rest.git.getRef({ ...github.repository, ref: 'tags/v1' });
    expect(data.object.sha).toBe(sha);
  });
});

describe('what a server says', () => {
  test('is quoted without the token, controls and length', async () => {
    const message = `${TOKEN} \u001b[2J\nremedy: run this ${'x'.repeat(5000)}`;
    const { github, events } = await open(() => answer({ message, documentation_url: TOKEN }, 403));
    const error = await caught(github.api.rest.repos.get(github.repository));
    expect(error.message).toMatch(/: HTTP status 403, \*\*\* \\u\{1b\}\[2J\\nremedy: run this x+$/);
    expect(error.message.length).toBeLessThan(700);
    expect(inspect([error, events], { depth: 9 })).not.toContain(TOKEN);
  });

  test('has no token in what it answers well, whoever repeats it', async () => {
    const { github } = await open(() => answer({ default_branch: TOKEN }, 200, { 'x-echo': TOKEN }));
    const { data, headers } = await github.api.rest.repos.get(github.repository);
    expect(data.default_branch).toBe('***');
    expect(headers['x-echo' as keyof typeof headers]).toBe('***');
  });

  test('has a short token: that is a word as any other', async () => {
    const settings = [{ token: 'ghp_1234' }, { token: 'ghp_123' }, { token: undefined }];
    const texts = settings.map(async (each) => {
      const { github } = await open(() => answer({ default_branch: 'ghp_1234 undefined' }), each);
      return (await github.api.rest.repos.get(github.repository)).data.default_branch;
    });
    expect(await Promise.all(texts)).toEqual(['*** undefined', 'ghp_1234 undefined', 'ghp_1234 undefined']);
  });

  test('of an old way to ask is not written to the terminal', async () => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => undefined);
    const headers = { deprecation: '2026-01-01', sunset: 'soon', link: '<https://x>; rel="deprecation"' };
    const { github } = await open(() => answer({ default_branch: 'main' }, 200, headers));
    await github.api.rest.repos.get(github.repository);
    expect(warn.mock.calls).toEqual([]);
    warn.mockRestore();
  });

  test('is the same bytes otherwise', async () => {
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
    const { github } = await open(() => (_, response) => {
      response.writeHead(200, { 'content-type': 'application/octet-stream' }).end(bytes);
    });
    const headers = { accept: 'application/octet-stream' };
    const { data } = await github.api.rest.repos.getReleaseAsset({
      ...github.repository,
      asset_id: 1,
      headers,
    });
    expect(Buffer.from(data as unknown as ArrayBuffer)).toEqual(bytes);
  });
});

describe('every status arrives as it was sent:', () => {
  /** What a request of that method gives where the API answers so. */
  async function ask(method: string, status: number) {
    const { url } = await listen((_, response) => response.writeHead(status).end());
    const dispatcher = new Agent();
    onTestFinished(() => dispatcher.destroy());
    return guardedFetch({ baseUrl: url, token: TOKEN, dispatcher })(url, { method });
  }

  test.each([
    ['GET', 200],
    ['GET', 204],
    ['GET', 205],
    ['GET', 300],
    ['GET', 304],
    ['GET', 400],
    ['DELETE', 204],
    ['POST', 299],
    ['POST', 400],
  ])('%s, %i', async (method, status) => {
    const answer = await ask(method, status);
    expect([answer.status, await answer.text()]).toEqual([status, '']);
  });

  test.each([300, 304, 399])('but what writes and is answered %i is refused', async (status) => {
    expect(await caught(ask('POST', status))).toMatchObject({
      code: 'GITHUB_ADDRESS_FOREIGN',
      message: expect.stringContaining('is redirected'),
    });
  });
});

describe('GitHub itself, behind a proxy', () => {
  /** A client whose API is not on this machine, and the proxy that answers for it. */
  async function openBehindProxy() {
    const proxy = await listen(answer({ default_branch: 'main' }));
    const clock = testClock();
    const github = openGitHub({
      baseUrl: 'http://api.example',
      token: TOKEN,
      repository: { owner: 'o', repo: 'r' },
      proxies: { http_proxy: proxy.url },
      clock,
      onEvent: () => undefined,
    });
    onTestFinished(() => github.close());
    return { github, clock, proxy };
  }

  test('is written to once a second, and read without a pause', async () => {
    const { github, clock, proxy } = await openBehindProxy();
    const { api, repository } = github;
    await api.rest.repos.get(repository);
    await api.rest.repos.update({ ...repository, name: 'r' });
    await api.rest.repos.get(repository);
    expect(clock.slept).toEqual([]);
    await api.rest.repos.update({ ...repository, name: 'r' });
    expect(clock.slept).toEqual([1000]);
    await clock.sleep(400);
    await api.rest.repos.update({ ...repository, name: 'r' });
    expect(clock.slept).toEqual([1000, 400, 600]);
    expect(new Set(proxy.arrived.map(({ line }) => line.split(' ')[1]))).toEqual(
      new Set(['http://api.example/repos/o/r']),
    );
  });
});

test('a client that was closed reaches nothing', async () => {
  const { github, api } = await open(() => answer({ default_branch: 'main' }));
  await github.close();
  expect((await caught(github.api.rest.repos.get(github.repository))).code).toBe('GITHUB_UNAVAILABLE');
  expect(api.arrived).toEqual([]);
});
