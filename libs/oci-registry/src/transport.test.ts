import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { InvalidReferenceError } from './errors.ts';
import { openRegistry } from './registry.ts';
import { Secret } from './secret.ts';
import { connect, someBytes, sourceOf, start } from './testing/harness.ts';
import { startTcp } from './testing/other-host.ts';
import { resolveAddress } from './transport.ts';

const oneAttempt = { retry: { attempts: 1 } };

describe('a registry on this machine', () => {
  test('is spoken to in plain HTTP when it speaks no TLS', async () => {
    const { repository } = await start();
    expect(await repository.listTags()).toEqual([]);
  });

  test('but not when that is forbidden', async () => {
    const { repository } = await start({}, { plainHttp: false });
    await expect(repository.listTags()).rejects.toMatchObject({
      code: 'REGISTRY_TLS_FAILED',
      temporary: false,
    });
  });
});

test('many questions and answers go over one connection, whatever they are', async () => {
  const { server, repository } = await start({}, { plainHttp: true, connections: 1 });
  const source = sourceOf(someBytes(1000));
  for (let times = 0; times < 3; times++) {
    await repository.headBlob(source.digest);
    await repository.headManifest('none');
    await repository.uploadBlob(source);
    await repository.listTags();
  }
  expect(server.connections).toBe(1);
});

test.each([
  ['qemu-user-static', {}],
  ['a tool/1.0', { userAgent: 'a tool/1.0' }],
])('each request says who asks: %s', async (name, settings) => {
  const { server, repository } = await start({}, settings);
  await repository.listTags();
  expect(server.requests.map(({ headers }) => headers['user-agent'])).toEqual([name]);
});

test('a client that was closed opens its connections again when it is asked', async () => {
  const { server, registry, repository } = await start({}, { plainHttp: true });
  await repository.listTags();
  await registry.close();
  expect(await repository.listTags()).toEqual([]);
  expect(server.connections).toBe(2);
});

test.each(['', 'a/b', 'https://ghcr.io', 'ghcr.io:0'])('%j is not the host of a registry', (name) => {
  expect(() => openRegistry(name)).toThrow(InvalidReferenceError);
});

test.each(['', 'Owner/name', '../name', 'owner/name?x'])('%j is not the path of a repository', (path) => {
  expect(() => openRegistry('ghcr.io').repository(path)).toThrow(InvalidReferenceError);
});

test('a client that is closed ends its connections, which were kept for long', async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const name = await startTcp((socket) => {
    socket.on('close', () => resolve());
    socket.once('data', () =>
      socket.write('HTTP/1.1 404 Not Found\r\nkeep-alive: timeout=600\r\ncontent-length: 0\r\n\r\n'),
    );
  });
  const { registry, repository } = connect(name, { plainHttp: true });
  await repository.listTags();
  await registry.close();
  await promise;
});

describe('an answer that is not wanted is read, so that its connection is free for the next request', () => {
  // More than fits into any buffer on the way.
  const body = 'x'.repeat(120 << 10);
  const credentials = async () =>
    ({ kind: 'basic', username: 'me', password: new Secret('hunter2') }) as const;

  test.each([
    ['a demand for credentials', 401, { 'www-authenticate': 'Basic realm="r"' }],
    ['a redirect', 307, { location: '/v2/moved/name/tags/list' }],
    ['what is not there', 404, {}],
  ])('%s', async (_, status, headers) => {
    const settings = { plainHttp: true, connections: 1, credentials };
    const { server, repository } = await start({}, settings as never);
    server.inject({ fault: { kind: 'status', status, headers: headers as never, body } });
    await repository.listTags();
    await repository.listTags();
    expect(server.connections).toBe(1);
  });
});

test('certificates are read for TLS alone', async () => {
  const { repository } = await start({}, { plainHttp: true, caFile: '/nothing.crt' });
  expect(await repository.listTags()).toEqual([]);
});

describe('a registry elsewhere', () => {
  test('is never spoken to in plain HTTP', async () => {
    const { repository, events } = connect('registry.invalid', oneAttempt);
    await expect(repository.listTags()).rejects.toMatchObject({
      address: 'https://registry.invalid/v2/owner/name/tags/list',
    });
    expect(events).toEqual([]);
  });

  test('unless that is wanted', async () => {
    const { repository } = connect('registry.invalid', { ...oneAttempt, plainHttp: true });
    await expect(repository.listTags()).rejects.toMatchObject({
      address: 'http://registry.invalid/v2/owner/name/tags/list',
    });
  });
});

describe('when it cannot be reached', () => {
  test('because nothing listens, the attempts are bounded and the error is temporary', async () => {
    const { server, repository, clock } = await start({}, { plainHttp: true });
    await server.close();
    await expect(repository.listTags()).rejects.toMatchObject({
      code: 'REGISTRY_UNREACHABLE',
      temporary: true,
    });
    expect(clock.sleeps).toHaveLength(5);
  });

  test('because its name is unknown, it is tried once', async () => {
    const { repository, clock } = connect('no-such-host.invalid');
    const failed: unknown = await repository.listTags().catch((error: unknown) => error);
    expect(failed).toMatchObject({ code: 'REGISTRY_UNREACHABLE' });
    // Without any network the name server itself cannot be reached, which may change.
    expect(clock.sleeps).toHaveLength((failed as { temporary: boolean }).temporary ? 5 : 0);
  });

  test('because it goes silent in the middle, it is asked again', async () => {
    const { server, repository, clock } = await start({}, { timeouts: { idle: 60 } });
    server.store.tags.set('owner/name:a', 'sha256:any');
    server.inject({ path: /tags/, fault: { kind: 'stall-answer' } });
    expect(await repository.listTags()).toEqual(['a']);
    expect(clock.sleeps).toHaveLength(1);
  });

  test('because it takes what it is sent and says nothing, it is sent that again', async () => {
    const { server, repository, clock } = await start({}, { timeouts: { answer: 60 } });
    server.inject({ method: 'PUT', fault: { kind: 'stall-request', after: 1 } });
    const manifest = { mediaType: 'text/plain', bytes: Buffer.from('{}') };
    expect(await repository.putManifest('x', manifest)).toMatchObject({ size: 2 });
    expect(clock.sleeps).toHaveLength(1);
  });

  test('because it accepts a connection and says nothing of TLS', async () => {
    const name = await startTcp(() => undefined);
    const { repository } = connect(name, { ...oneAttempt, plainHttp: false, timeouts: { connect: 60 } });
    await expect(repository.listTags()).rejects.toMatchObject({
      code: 'REGISTRY_UNREACHABLE',
      temporary: true,
      message: expect.stringContaining('timeout: 60ms'),
    });
  });
});

describe('what a server answers', () => {
  test.each([500, 502, 503, 504, 429])('%i is tried again', async (status) => {
    const { repository, server, events } = await start();
    server.inject({ times: 3, fault: { kind: 'status', status } });
    await repository.listTags();
    expect(events.filter(({ type }) => type === 'retry')).toHaveLength(3);
    expect(events.at(-1)).toEqual({
      type: 'request',
      method: 'GET',
      address: `http://${server.name}/v2/owner/name/tags/list`,
      status: 404,
    });
  });

  test.each([400, 401, 403, 405, 501])('%i is not', async (status) => {
    const { repository, server } = await start();
    server.inject({ fault: { kind: 'status', status } });
    await expect(repository.listTags()).rejects.toMatchObject({ status, temporary: false });
    expect(server.requests).toHaveLength(1);
  });

  test('Retry-After is heeded, as seconds and as a date, unless it is hours', async () => {
    const { repository, server, clock } = await start();
    const ask = (value: string) =>
      ({ fault: { kind: 'status', status: 429, headers: { 'retry-after': value } } }) as const;
    server.inject(ask('3'));
    await repository.listTags();
    server.inject(ask(new Date(clock.now() + 60_000).toUTCString()));
    await repository.listTags();
    expect(clock.sleeps.map((ms) => Math.floor(ms / 1000))).toEqual([3, expect.closeTo(60, -1)]);
    server.inject(ask('21600'));
    await expect(repository.listTags()).rejects.toMatchObject({
      code: 'REGISTRY_RATE_LIMITED',
      retryAfterMs: 21_600_000,
      message: expect.stringContaining('asks to wait 21600 s'),
    });
  });

  test('an unknown form of errors body does not hide the status', async () => {
    const { repository, server } = await start();
    server.inject({ fault: { kind: 'status', status: 403, body: '<html>no</html>' } });
    await expect(repository.listTags()).rejects.toMatchObject({ code: 'REGISTRY_DENIED', details: [] });
  });

  test('a warning is reported without a secret, and a note of another number is none', async () => {
    const credentials = async () =>
      ({ kind: 'basic', username: 'me', password: new Secret('hunter2') }) as const;
    const lock = { kind: 'basic', username: 'me', password: 'hunter2' } as const;
    const { repository, server, events } = await start({ lock }, { credentials });
    const warning = '299 - "one", 199 - "none", 299 - "hunter2 is weak  "';
    await repository.listTags();
    server.inject({ fault: { kind: 'status', status: 404, headers: { warning } } });
    await repository.listTags();
    expect(events.filter(({ type }) => type === 'warning')).toEqual([
      { type: 'warning', text: 'one' },
      { type: 'warning', text: '*** is weak' },
    ]);
  });

  test('warnings are reported, each once', async () => {
    const { repository, events } = await start({ warning: 'this \\"thing\\" goes away' });
    await repository.listTags();
    await repository.listTags();
    expect(events.filter(({ type }) => type === 'warning')).toEqual([
      { type: 'warning', text: 'this "thing" goes away' },
    ]);
  });
});

describe('redirects', () => {
  /** A registry that redirects everything to `location`. */
  async function redirecting(location: (name: string) => string) {
    const server = createServer((_, response) => {
      response.writeHead(307, { location: location(name) }).end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const name = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    return connect(name);
  }

  test('without end are not followed for ever', async () => {
    const { repository, events } = await redirecting(() => '/v2/owner/name/tags/list');
    await expect(repository.listTags()).rejects.toThrow('redirects more than 5 times');
    expect(events).toHaveLength(6);
  });

  test('within the registry are followed with what it gave, also by HEAD', async () => {
    const credentials = async () =>
      ({ kind: 'basic', username: 'me', password: new Secret('hunter2') }) as const;
    const lock = { kind: 'basic', username: 'me', password: 'hunter2' } as const;
    const { repository, server } = await start({ lock }, { credentials });
    await repository.listTags();
    const headers = { location: '/v2/moved/name/tags/list?n=1' };
    for (const status of [301, 302, 303, 307, 308]) {
      server.inject({ path: /owner/, fault: { kind: 'status', status, headers } });
      expect(await repository.listTags()).toEqual([]);
      expect(server.requests.at(-1)).toMatchObject({
        path: headers.location,
        headers: { authorization: 'Basic bWU6aHVudGVyMg==' },
      });
    }
    server.inject({ path: /owner/, fault: { kind: 'status', status: 307, headers } });
    expect(await repository.headManifest('x')).toBeUndefined();
    expect(server.requests.at(-1)).toMatchObject({ method: 'HEAD', path: headers.location });
  });

  test('of a token server within itself are followed', async () => {
    const lock = { kind: 'bearer' } as const;
    const { repository, server } = await start({ lock });
    const headers = { location: '/token?scope=repository%3Aowner%2Fname%3Apull' };
    server.inject({ path: /token/, fault: { kind: 'status', status: 307, headers } });
    expect(await repository.listTags()).toEqual([]);
    expect(server.requests.some(({ path }) => path === headers.location)).toBe(true);
  });

  test.each([
    [307, {}],
    [300, { location: '/elsewhere' }],
    [304, { location: '/elsewhere' }],
  ])('are none where the answer is %i with %j', async (status, headers) => {
    const { repository, server } = await start();
    server.inject({ fault: { kind: 'status', status, headers } });
    await expect(repository.listTags()).rejects.toMatchObject({ code: 'REGISTRY_PROTOCOL_BROKEN', status });
    expect(server.requests).toHaveLength(1);
  });

  test('leave out a user that the address names', () => {
    const asked = { method: 'GET', url: new URL('https://r.example/v2/') };
    expect(resolveAddress('//me:pass@s.example/x?a=%2F', asked).href).toBe('https://s.example/x?a=%2F');
  });

  test('to plain HTTP elsewhere, or to what is not a web address, are refused', async () => {
    const elsewhere = await redirecting(() => 'http://storage.example/blob?signature=s3cret');
    await expect(elsewhere.repository.listTags()).rejects.toMatchObject({
      code: 'REGISTRY_PLAIN_HTTP',
      address: 'http://storage.example/blob?signature=***',
    });
    const file = await redirecting(() => 'file:///etc/passwd');
    await expect(file.repository.listTags()).rejects.toMatchObject({ code: 'REGISTRY_PROTOCOL_BROKEN' });
  });

  test('of a request that changes something are not followed', async () => {
    const { repository, events } = await redirecting((name) => `http://${name}/elsewhere`);
    await expect(
      repository.putManifest('x', { mediaType: 'text/plain', bytes: Buffer.from('{}') }),
    ).rejects.toMatchObject({ status: 307 });
    expect(events).toHaveLength(1);
  });
});

test('an aborted signal ends what is under way, with its own reason', async () => {
  const abort = new AbortController();
  const { repository, server } = await start({}, { signal: abort.signal });
  await repository.listTags();
  server.inject({ fault: { kind: 'slow', ms: 2000 } });
  const waiting = repository.listTags();
  setTimeout(() => abort.abort(new Error('the user pressed Ctrl-C')), 20);
  await expect(waiting).rejects.toThrow('the user pressed Ctrl-C');
  await expect(repository.listTags()).rejects.toThrow('the user pressed Ctrl-C');
});
