import { expect, test } from 'vitest';
import type { RegistryEvent } from './events.ts';
import { start } from './testing/harness.ts';
import type { RegistryServer } from './testing/registry-server.ts';

function tag(server: RegistryServer, ...names: string[]): void {
  for (const name of names) server.store.tags.set(`owner/name:${name}`, 'sha256:any');
}

test('all pages of the list, in its order', async () => {
  const { repository, server } = await start({ pageSize: 2 });
  tag(server, 'a', 'b', 'c', 'd', 'e');
  expect(await repository.listTags()).toEqual(['a', 'b', 'c', 'd', 'e']);
  expect(server.requests.map(({ path }) => path)).toEqual([
    '/v2/owner/name/tags/list',
    '/v2/owner/name/tags/list?n=2&last=b',
    '/v2/owner/name/tags/list?n=2&last=d',
  ]);
});

test('a repository that does not exist has no tags', async () => {
  const { repository } = await start();
  expect(await repository.listTags()).toEqual([]);
});

test.each(['"tags":null', '"tags":[]', '"name":"owner/name"'])(
  'an empty list may be written as %s',
  async (field) => {
    const { repository, server, events } = await start();
    server.inject({ fault: { kind: 'status', status: 200, body: `{${field}}` } });
    expect(await repository.listTags()).toEqual([]);
    expect(events.map(({ type }) => type)).toEqual(['request']);
  },
);

test('a name that breaks the grammar of tags is left out, and counted', async () => {
  const events: RegistryEvent[] = [];
  const { repository, server } = await start({}, { onEvent: (event) => events.push(event) });
  tag(server, 'latest', 'a\n0 of 0 tags', '\u001b[2J', '../b', '-c', 'x'.repeat(129), '11.1.3-1');
  expect((await repository.listTags()).sort()).toEqual(['11.1.3-1', 'latest']);
  expect(events).toContainEqual({ type: 'names-ignored', repository: 'owner/name', count: 5 });
});

test('a drop on one page asks for that page again', async () => {
  const { repository, server } = await start({ pageSize: 2 });
  tag(server, 'a', 'b', 'c');
  server.inject({ path: /last=b/, fault: { kind: 'drop-answer', after: 3 } });
  expect(await repository.listTags()).toEqual(['a', 'b', 'c']);
  expect(server.requests).toHaveLength(3);
});

test('pages that go in a circle are refused', async () => {
  const { repository, server } = await start();
  const headers = { link: '</v2/owner/name/tags/list>; rel="next"' };
  server.inject({ times: 9, fault: { kind: 'status', status: 200, headers, body: '{"tags":["a"]}' } });
  await expect(repository.listTags()).rejects.toThrow('lists its pages in a circle');
});

test.each(['{"tags":"a"}', '{"tags":["a",1]}', '[]', 'null', '7', '<html>'])(
  '%s is not a list of tags',
  async (body) => {
    const { repository, server } = await start();
    server.inject({ fault: { kind: 'status', status: 200, body } });
    await expect(repository.listTags()).rejects.toMatchObject({
      code: 'REGISTRY_PROTOCOL_BROKEN',
      status: 200,
    });
  },
);
