import { expect, onTestFinished, test, vi } from 'vitest';
import { openHttp } from './http.ts';
import { answers, type Fault, serve } from './testing/server.ts';

const agents = vi.hoisted(() => [] as unknown[]);
vi.mock('undici', async (original) => {
  const undici = await original<typeof import('undici')>();
  class EnvHttpProxyAgent extends undici.EnvHttpProxyAgent {
    constructor(options: ConstructorParameters<typeof undici.EnvHttpProxyAgent>[0]) {
      super(options);
      agents.push(options);
    }
  }
  return { ...undici, EnvHttpProxyAgent };
});

async function open() {
  const server = await serve([['a', 'text']]);
  const http = openHttp({});
  onTestFinished(async () => void (await Promise.all([server.close(), http.close()])));
  return { server, http, url: new URL('a', server.url) };
}

test('a connection may take ten seconds, and an answer, or a piece of it, thirty', async () => {
  const { http, url } = await open();
  for (let times = 0; times < 2; times++) (await http.get(url)).discard();
  expect(agents).toEqual([
    expect.objectContaining({ connect: { timeout: 10_000 }, headersTimeout: 30_000, bodyTimeout: 30_000 }),
  ]);
});

test('an address without a user name is asked without credentials', async () => {
  const { http, server, url } = await open();
  (await http.get(url)).discard();
  expect(server.seen.map(({ headers }) => headers.authorization)).toEqual([undefined]);
});

test('a header that is not there is empty', async () => {
  const { http, url } = await open();
  const { header, discard } = await http.get(url);
  expect([header('content-length'), header('retry-after')]).toEqual(['4', '']);
  discard();
});

test.each([
  ['120', 120_000],
  ['999999', 999_000_000 + 999_000],
  ['1000000', undefined],
  ['120s', undefined],
  ['in 120', undefined],
  ['', undefined],
])('the pause that a server asks for by %j is %s milliseconds', async (value, retryAfter) => {
  const { http, server, url } = await open();
  server.faults.set('a', [answers(503, { 'retry-after': value })]);
  await expect(http.get(url)).rejects.toMatchObject({ code: 'HTTP_FAILED', status: 503, retryAfter });
});

test.each([
  [404, 'FILE_GONE'],
  [410, 'FILE_GONE'],
  [411, 'HTTP_REFUSED'],
  [429, 'HTTP_FAILED'],
  [499, 'HTTP_REFUSED'],
  [500, 'HTTP_FAILED'],
  [204, 'HTTP_REFUSED'],
])('the status %i is %s', async (status, code) => {
  const { http, server, url } = await open();
  server.faults.set('a', [(answer) => answer.writeHead(status).end()]);
  await expect(http.get(url)).rejects.toMatchObject({ code, message: `${url.href}: HTTP status ${status}` });
});

test.each([200, 404])('the rest of an answer of %i is not waited for', async (status) => {
  const { http, server, url } = await open();
  const closed = new Promise((resolve) => {
    const endless: Fault = (answer) => {
      answer.on('close', resolve);
      answer.writeHead(status).write('the beginning');
    };
    server.faults.set('a', [endless]);
  });
  const asked = http.get(url);
  if (status === 200) (await asked).discard();
  else await expect(asked).rejects.toMatchObject({ status });
  await closed;
});

test('a client that was closed reaches nothing', async () => {
  const { http, server, url } = await open();
  (await http.get(url)).discard();
  await http.close();
  await expect(http.get(url)).rejects.toMatchObject({ code: 'CONNECTION_FAILED' });
  expect(server.requests).toHaveLength(1);
});

test('a client that was closed before it was used is closed', async () => {
  await expect(openHttp({}).close()).resolves.toBeUndefined();
});
