import { describe, expect, test } from 'vitest';
import { mergeScopes } from './authorization.ts';
import type { Credentials } from './credentials/credentials.ts';
import { Secret } from './secret.ts';
import { someBytes, sourceOf, start } from './testing/harness.ts';

const basic: Credentials = { kind: 'basic', username: 'me', password: new Secret('hunter2') };
const wrong: Credentials = { kind: 'basic', username: 'me', password: new Secret('hunter3') };
const as = (who: Credentials) => ({ credentials: async () => who });
const bearer = { kind: 'bearer', username: 'me', password: 'hunter2' } as const;

describe('a registry that asks for nothing', () => {
  test('gets nothing', async () => {
    const { repository, server } = await start({}, as(basic));
    await repository.listTags();
    expect(server.requests.map(({ headers }) => headers.authorization)).toEqual([undefined]);
  });
});

describe('Basic', () => {
  const lock = { kind: 'basic', username: 'me', password: 'hunter2' } as const;

  test('is sent once it is asked for, and from then on at once', async () => {
    const { repository, server } = await start({ lock }, as(basic));
    await repository.listTags();
    await repository.headManifest('x');
    const sent = server.requests.map(({ headers }) => headers.authorization);
    expect(sent).toEqual([undefined, 'Basic bWU6aHVudGVyMg==', 'Basic bWU6aHVudGVyMg==']);
  });

  test.each([
    ['wrong', wrong, 2],
    ['no', { kind: 'anonymous' }, 1],
  ] as const)('%s password is refused, without trying again', async (_, who, requests) => {
    const { repository, server } = await start({ lock }, as(who));
    const failed = await repository.listTags().catch((error: unknown) => error);
    expect(failed).toMatchObject({ code: 'REGISTRY_UNAUTHORIZED', status: 401, temporary: false });
    expect(server.requests).toHaveLength(requests);
    expect(JSON.stringify(failed) + String(failed)).not.toMatch(/hunter|aHVudGVy/);
  });
});

test.each([
  ['Negotiate, Basic realm="r"', 'Basic bWU6aHVudGVyMg=='],
  ['Bearer service="s", Basic realm="r"', 'Basic bWU6aHVudGVyMg=='],
  ['Negotiate', undefined],
  ['', undefined],
])('of several ways in, one that is known is taken: %j', async (challenge, expected) => {
  const { repository, server } = await start({}, as(basic));
  const headers = challenge === '' ? {} : { 'www-authenticate': challenge };
  server.inject({ fault: { kind: 'status', status: 401, headers } });
  await repository.listTags().catch(() => undefined);
  expect(server.requests.slice(1).map(({ headers: sent }) => sent.authorization)).toEqual(
    expected === undefined ? [] : [expected],
  );
});

test('credentials are looked for once for each repository', async () => {
  const asked: string[] = [];
  const credentials = async (registry: string, repository: string) => {
    asked.push(`${registry} ${repository}`);
    return basic;
  };
  const lock = { kind: 'basic', username: 'me', password: 'hunter2' } as const;
  const { registry, repository, server } = await start({ lock }, { credentials });
  for (let times = 0; times < 3; times++) await repository.listTags();
  await registry.repository('other/name').listTags();
  expect(asked).toEqual([`${server.name} owner/name`, `${server.name} other/name`]);
});

test('credentials that were refused are offered once in each call', async () => {
  const { repository, server } = await start(
    { lock: { kind: 'basic', username: 'me', password: 'x' } },
    as(wrong),
  );
  await expect(repository.listTags()).rejects.toMatchObject({ status: 401 });
  expect(server.requests).toHaveLength(2);
  await expect(repository.listTags()).rejects.toMatchObject({ status: 401 });
  expect(server.requests).toHaveLength(3);
});

describe('a bearer token', () => {
  test('is asked for with the scope that is needed, and used until another is', async () => {
    const { repository, server } = await start({ lock: bearer }, as(basic));
    await repository.headManifest('x');
    await repository.listTags();
    await repository.uploadBlob(sourceOf(someBytes(10)));
    expect(server.tokenRequests).toEqual([
      expect.objectContaining({ scopes: ['repository:owner/name:pull'], service: 'test registry' }),
      expect.objectContaining({ scopes: ['repository:owner/name:pull,push'], service: 'test registry' }),
    ]);
    expect(server.requests.find(({ path }) => path.startsWith('/token'))?.path).toContain('kept=1');
  });

  test('may be had by anyone, where the token server allows it', async () => {
    const { repository, server } = await start({ lock: { kind: 'bearer' } });
    expect(await repository.headManifest('x')).toBeUndefined();
    expect(server.tokenRequests).toMatchObject([{ authorization: undefined }]);
  });

  test('is asked for once, however many wait for it', async () => {
    const { repository, server } = await start({ lock: bearer }, as(basic));
    server.inject({ path: /token/, times: 9, fault: { kind: 'slow', ms: 30 } });
    await Promise.all(Array.from({ length: 10 }, (_, n) => repository.headManifest(`t${n}`)));
    expect(server.tokenRequests).toHaveLength(1);
  });

  test('is changed before it expires', async () => {
    const { repository, server, clock } = await start({ lock: { ...bearer, seconds: 100 } }, as(basic));
    await repository.headManifest('x');
    clock.pass(89_000);
    await repository.headManifest('x');
    expect(server.tokenRequests).toHaveLength(1);
    clock.pass(2_000);
    await repository.headManifest('x');
    expect(server.tokenRequests).toHaveLength(2);
    expect(
      server.requests.filter(({ path, headers }) => !path.startsWith('/token') && !headers.authorization),
    ).toHaveLength(1);
  });

  test.each([
    ['a quarter of its life, where that is short', 8, 5_999, 1],
    ['that of a minute, where its answer names none', 0, 49_999, 1],
  ])('is changed before it expires: %s', async (_, seconds, good, more) => {
    const { repository, server, clock } = await start({ lock: { ...bearer, seconds } }, as(basic));
    await repository.headManifest('x');
    clock.pass(good);
    await repository.headManifest('x');
    expect(server.tokenRequests).toHaveLength(1);
    clock.pass(more);
    await repository.headManifest('x');
    expect(server.tokenRequests).toHaveLength(2);
  });

  test('that is about to expire is changed once for all who need it', async () => {
    const { repository, server, clock } = await start({ lock: bearer }, as(basic));
    await repository.headManifest('x');
    clock.pass(3600_000);
    await Promise.all(Array.from({ length: 5 }, () => repository.headManifest('x')));
    expect(server.tokenRequests).toHaveLength(2);
  });

  test('is changed when the registry does not accept it any more, once for all who meet that', async () => {
    const { repository, server } = await start({ lock: bearer }, as(basic));
    await repository.headManifest('x');
    server.inject({ fault: { kind: 'expire-tokens' } });
    await Promise.all(Array.from({ length: 5 }, () => repository.headManifest('x')));
    expect(server.tokenRequests).toHaveLength(2);
  });

  test('that is refused although it is new is not changed again and again', async () => {
    const { repository, server } = await start({ lock: bearer }, as(basic));
    const header = { 'www-authenticate': `Bearer realm="http://${server.name}/token",service="s"` };
    server.inject({ method: 'HEAD', times: 99, fault: { kind: 'status', status: 401, headers: header } });
    await expect(repository.headManifest('x')).rejects.toMatchObject({ code: 'REGISTRY_UNAUTHORIZED' });
    expect(server.faults).toEqual({ status: 2 });
    expect(server.tokenRequests).toHaveLength(1);
  });

  test('that needs more than was asked for gets what the registry names', async () => {
    const { repository, server } = await start({ lock: bearer }, as(basic));
    const challenge = `Bearer realm="http://${server.name}/token",scope="repository:owner/name:pull,delete registry:catalog:*"`;
    server.inject({
      method: 'GET',
      path: /tags/,
      fault: { kind: 'status', status: 401, headers: { 'www-authenticate': challenge } },
    });
    await repository.listTags();
    expect(server.tokenRequests).toMatchObject([
      { scopes: ['repository:owner/name:pull,delete', 'registry:catalog:*'] },
    ]);
  });

  test('is asked for with the scope of the request alone where the registry names neither scope nor service', async () => {
    const { repository, server } = await start({ lock: bearer }, as(basic));
    const challenge = `Bearer realm="http://${server.name}/token"`;
    server.inject({ fault: { kind: 'status', status: 401, headers: { 'www-authenticate': challenge } } });
    await repository.listTags();
    expect(server.tokenRequests).toMatchObject([{ scopes: ['repository:owner/name:pull'] }]);
    expect(server.requests.find(({ path }) => path.startsWith('/token'))?.path).toBe(
      '/token?scope=repository%3Aowner%2Fname%3Apull',
    );
  });

  test('is refused with the words of the token server', async () => {
    const { repository, server } = await start({ lock: bearer }, as(wrong));
    const failed = await repository.headManifest('x').catch((error: unknown) => error);
    expect(failed).toMatchObject({
      code: 'REGISTRY_UNAUTHORIZED',
      address: expect.stringContaining(`http://${server.name}/token?kept=***&service=`),
      details: [{ code: 'UNAUTHORIZED' }],
    });
    expect(server.tokenRequests).toHaveLength(1);
  });

  test('is asked for again when the token server is busy', async () => {
    const { repository, server, clock } = await start({ lock: bearer }, as(basic));
    server.inject({ path: /token/, times: 2, fault: { kind: 'status', status: 503 } });
    expect(await repository.headManifest('x')).toBeUndefined();
    expect(clock.sleeps).toHaveLength(2);
  });

  test('comes from a refresh token by POST, which is not in any address', async () => {
    const lock = { kind: 'bearer', identityToken: 'refresh-me' } as const;
    const { repository, server } = await start(
      { lock },
      as({ kind: 'identity', token: new Secret('refresh-me') }),
    );
    expect(await repository.headManifest('x')).toBeUndefined();
    expect(server.requests.find(({ path }) => path.startsWith('/token'))).toMatchObject({
      method: 'POST',
      path: '/token?kept=1',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    });
    expect(server.tokenRequests).toMatchObject([
      { scopes: ['repository:owner/name:pull'], service: 'test registry' },
    ]);
  });

  test('may be called access_token in the answer', async () => {
    const { repository, server } = await start({ lock: { ...bearer, field: 'access_token' } }, as(basic));
    expect(await repository.headManifest('x')).toBeUndefined();
    expect(server.requests.at(-1)?.headers.authorization).toMatch(/^Bearer token-/);
  });

  test('may be given as it is', async () => {
    const { repository, server } = await start(
      { lock: bearer },
      as({ kind: 'registry-token', token: new Secret('as-it-is') }),
    );
    await expect(repository.listTags()).rejects.toMatchObject({ code: 'REGISTRY_UNAUTHORIZED' });
    expect(server.requests.at(-1)?.headers.authorization).toBe('Bearer as-it-is');
    expect(server.tokenRequests).toHaveLength(0);
  });

  test.each([
    ['no JSON', 'hello', 'did not answer with JSON'],
    ['nothing', 'null', 'answered without a token'],
    ['no token', '{}', 'answered without a token'],
    ['a token that would end the header', '{"token": "a\\r\\nX-Evil: 1"}', 'answered without a token'],
  ])('of a token server that answers with %s is refused', async (_, body, message) => {
    const { repository, server } = await start({ lock: bearer }, as(basic));
    server.inject({ path: /token/, fault: { kind: 'status', status: 200, body } });
    await expect(repository.listTags()).rejects.toMatchObject({
      code: 'REGISTRY_PROTOCOL_BROKEN',
      message: expect.stringContaining(`the token server ${message}`),
    });
  });

  test('is not asked for where a password would go over the network in the clear', async () => {
    const { repository, server } = await start({ lock: bearer }, as(basic));
    const header = { 'www-authenticate': 'Bearer realm="http://auth.example/token",service="s"' };
    server.inject({ fault: { kind: 'status', status: 401, headers: header } });
    await expect(repository.listTags()).rejects.toMatchObject({ code: 'REGISTRY_TOKEN_SERVER_REFUSED' });
  });
});

test('what a server repeats of a secret does not come out in an error', async () => {
  const { repository, server } = await start({ lock: bearer }, as(basic));
  await repository.headManifest('x');
  const token = String(server.requests.at(-1)?.headers.authorization).slice('Bearer '.length);
  const message = `no good: hunter2 bWU6aHVudGVyMg== ${token}\u001b[31m`;
  server.inject({ method: 'HEAD', fault: { kind: 'status', status: 403 } });
  server.inject({
    method: 'GET',
    fault: { kind: 'status', status: 403, body: JSON.stringify({ errors: [{ code: 'DENIED', message }] }) },
  });
  await expect(repository.getManifest('x')).rejects.toMatchObject({
    code: 'REGISTRY_DENIED',
    details: [{ code: 'DENIED', message: 'no good: *** *** *** [31m' }],
  });
});

test('scopes of one resource become one', () => {
  expect(mergeScopes(['repository:a:pull', 'repository:b:pull', '', 'repository:a:pull,push'])).toEqual([
    'repository:a:pull,push',
    'repository:b:pull',
  ]);
});
