import { describe, expect, test } from 'vitest';
import { collect, connect, someBytes, sourceOf, start } from './testing/harness.ts';
import { startOtherHost, startTcp } from './testing/other-host.ts';
import { sha256 } from './testing/store.ts';

const once = { retry: { attempts: 1 } };

describe('a port that speaks no HTTP is named as such, and not asked again', () => {
  test.each([
    ['a banner', 'SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n'],
    ['lines without end', '220 mail.example ESMTP\r\n'.repeat(50_000)],
    ['bytes', '\0\u0001\u0002'.repeat(1000)],
    ['half an answer', 'HTTP/1.1 200\r\nno colon\r\n\r\n'],
    ['a broken length', 'HTTP/1.1 200 OK\r\ncontent-length: abc\r\n\r\n'],
    ['headers without end', `HTTP/1.1 200 OK\r\n${'x: y\r\n'.repeat(100_000)}`],
  ])('%s', async (_, text) => {
    const name = await startTcp((socket) => void socket.once('data', () => socket.write(text)));
    const { repository, clock } = connect(name, { plainHttp: true });
    await expect(repository.listTags()).rejects.toMatchObject({
      code: 'REGISTRY_PROTOCOL_BROKEN',
      remedy: expect.stringContaining('address'),
    });
    expect(clock.sleeps).toEqual([]);
  });

  test('silence', async () => {
    const name = await startTcp(() => undefined);
    const { repository } = connect(name, { plainHttp: true, timeouts: { answer: 50 }, ...once });
    await expect(repository.listTags()).rejects.toMatchObject({ code: 'REGISTRY_UNREACHABLE' });
  });

  test('headers that drip', async () => {
    const name = await startTcp((socket) => {
      socket.once('data', () => {
        socket.write('HTTP/1.1 200 OK\r\n');
        const drip = setInterval(() => socket.write('x: y\r\n'), 10);
        socket.on('close', () => clearInterval(drip));
      });
    });
    const { repository } = connect(name, { plainHttp: true, timeouts: { answer: 100 }, ...once });
    await expect(repository.listTags()).rejects.toMatchObject({ code: 'REGISTRY_UNREACHABLE' });
  });
});

describe('a body that drips ends by its total time, however often a byte comes', () => {
  const drips = async (status: number, headers: Record<string, string> = {}) => {
    const host = await startOtherHost((_, response) => {
      response.writeHead(status, headers);
      const drip = setInterval(() => response.write(' '), 5);
      response.on('close', () => clearInterval(drip));
    });
    return { host, ...connect(host.name, { plainHttp: true, timeouts: { total: 60 } }) };
  };

  test('a list of tags', async () => {
    const { host, repository } = await drips(200);
    await expect(repository.listTags()).rejects.toMatchObject({
      code: 'REGISTRY_TOO_SLOW',
      temporary: false,
    });
    expect(host.arrivals).toHaveLength(1);
  });

  test('a manifest', async () => {
    const { repository } = await drips(200, { 'content-type': 'application/vnd.oci.image.index.v1+json' });
    await expect(repository.getManifest('x')).rejects.toMatchObject({ code: 'REGISTRY_TOO_SLOW' });
  });

  test('a blob, whatever length the answer claims', async () => {
    const { repository } = await drips(200, { 'content-length': '1000000000000' });
    const blob = { digest: sha256(someBytes(9)), size: 100 };
    await expect(collect(repository.getBlob(blob))).rejects.toMatchObject({ code: 'REGISTRY_TOO_SLOW' });
  });

  test('an error: its status counts', async () => {
    const { repository } = await drips(403);
    await expect(repository.listTags()).rejects.toMatchObject({ code: 'REGISTRY_DENIED' });
  });

  test('what is not read', async () => {
    const { repository } = await drips(404);
    expect(await repository.listTags()).toEqual([]);
  });
});

describe('headers that make no sense', () => {
  const answers = async (headers: Record<string, string>, status = 200, body = '{"tags":["a"]}') => {
    const started = await start();
    started.server.inject({ fault: { kind: 'status', status, headers, body } });
    return started;
  };

  test.each(['<http://[>; rel="next"', '<http://a b>; rel=next', '<ftp://x/>; rel=next', '<//>; rel=next'])(
    'Link: %s',
    async (link) => {
      const { repository } = await answers({ link });
      await expect(repository.listTags()).rejects.toMatchObject({ code: 'REGISTRY_PROTOCOL_BROKEN' });
    },
  );

  test.each(['abc', '-1', '1e3', '0x10', '9'.repeat(400)])('OCI-Chunk-Min-Length: %j', async (value) => {
    const { repository, server } = await start({}, { monolithicLimit: 10, chunkSize: 100 });
    const location = '/v2/owner/name/blobs/uploads/1';
    const headers = { location, 'oci-chunk-min-length': value };
    server.inject({ method: 'POST', fault: { kind: 'status', status: 202, headers } });
    await expect(repository.uploadBlob(sourceOf(someBytes(500)))).rejects.toMatchObject({
      code: 'REGISTRY_PROTOCOL_BROKEN',
    });
  });

  test.each(['http://[', 'ftp://x/', 'http://a b/', 'https://'])('Location: %j', async (location) => {
    const { repository } = await answers({ location }, 202);
    await expect(repository.uploadBlob(sourceOf(someBytes(500)))).rejects.toMatchObject({
      code: 'REGISTRY_PROTOCOL_BROKEN',
    });
  });
});

describe("a server's words reach no terminal raw", () => {
  const EVIL = '\u001b[2J\u009b31m\n\u202e';
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  const RAW = /[\u0000-\u001f\u007f-\u009f\u202e]/;

  const messageOf = async (failing: Promise<unknown>) =>
    failing.then(
      () => expect.unreachable(),
      (error: Error) => error.message,
    );

  test('of a body', async () => {
    const { repository, server } = await start();
    const errors = Array.from({ length: 500 }, () => ({ code: EVIL, message: `x${EVIL}y` }));
    server.inject({ fault: { kind: 'status', status: 403, body: JSON.stringify({ errors }) } });
    const message = await messageOf(repository.listTags());
    expect(message).not.toMatch(RAW);
    expect(message.length).toBeLessThan(10 * 700);
  });

  test.each([{ 'docker-content-digest': 'sha256:\u009b31m' }, { 'content-type': 'text/\u009b31m' }])(
    'of a header: %j',
    async (headers) => {
      const { repository, server } = await start();
      server.inject({
        method: 'GET',
        fault: { kind: 'status', status: 200, headers, body: '{"mediaType":"x"}' },
      });
      expect(await messageOf(repository.getManifest('x'))).not.toMatch(RAW);
    },
  );

  test('of the address of a page', async () => {
    const { repository, server } = await start();
    const headers = { link: '</v2/owner/name/tags/list?last=%1b%9b%0a>; rel="next"' };
    server.inject({ fault: { kind: 'status', status: 200, headers, body: '{"tags":["a"]}' } });
    server.inject({ skip: 1, fault: { kind: 'status', status: 403 } });
    expect(await messageOf(repository.listTags())).not.toMatch(RAW);
  });

  test('of a protocol that is not HTTP', async () => {
    const name = await startTcp(
      (socket) => void socket.once('data', () => socket.write(`HTTP/1.1 200${EVIL}\r\n\r\n`)),
    );
    const { repository } = connect(name, { plainHttp: true });
    expect(await messageOf(repository.listTags())).not.toMatch(RAW);
  });
});

describe('a list of tags is bounded', () => {
  test('400,000 on one page are read', async () => {
    const { repository, server } = await start();
    const tags = Array.from({ length: 400_000 }, (_, n) => `t${n}`);
    server.inject({ fault: { kind: 'status', status: 200, body: JSON.stringify({ tags }) } });
    expect(await repository.listTags()).toEqual(tags);
  });

  test('pages without end are refused', async () => {
    const body = JSON.stringify({ tags: Array.from({ length: 90_000 }, (_, n) => `tag-${n}`) });
    let page = 0;
    const host = await startOtherHost((_, response) => {
      response.setHeader('link', `</v2/owner/name/tags/list?page=${++page}>; rel="next"`).end(body);
    });
    const { repository } = connect(host.name, { plainHttp: true });
    await expect(repository.listTags()).rejects.toMatchObject({ code: 'REGISTRY_ANSWER_TOO_LARGE' });
    expect(host.arrivals.length).toBeLessThan(20);
  });
});

describe('a proxy variable', () => {
  test('without a scheme is a proxy by HTTP', async () => {
    const proxy = await startOtherHost((_, response) => void response.writeHead(403).end());
    const proxies = { http_proxy: proxy.name };
    const { repository } = connect('registry.test', { plainHttp: true, proxies });
    await expect(repository.listTags()).rejects.toMatchObject({ code: 'REGISTRY_DENIED' });
    expect(proxy.arrivals).toMatchObject([{ path: 'http://registry.test/v2/owner/name/tags/list' }]);
  });

  test('that names none is an error with its code', async () => {
    const { repository } = connect('registry.test', { plainHttp: true, proxies: { http_proxy: 'a b' } });
    await expect(repository.listTags()).rejects.toMatchObject({ code: 'PROXY_INVALID' });
  });
});
