import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readLock } from '@qemu-user-static/lock';
import { type RegistryServer, startRegistryServer } from '@qemu-user-static/oci-registry/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { gateFile, HUNG } from '../testing/gates.ts';
import { type MadeCheckout, madeCheckout } from '../testing/made-checkout.ts';
import { command as publishCommand } from './publish.ts';
import { command as verifyRemoteCommand } from './verify-remote.ts';

const folder = await mkdtemp(join(tmpdir(), 'verify-command-'));
let checkout: MadeCheckout;
let server: RegistryServer;
beforeAll(async () => {
  checkout = await madeCheckout(folder);
  server = await startRegistryServer();
  const from = [await checkout.build('published')];
  const to = [`${server.name}/o/q`];
  await publishCommand.run(
    { repository: to, layout: from, platform: [], tag: [], connections: 4, push: true },
    checkout.environment,
  );
});
afterAll(async () => {
  await checkout.environment.close();
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

const verify = (at: string, options: Partial<Parameters<typeof verifyRemoteCommand.run>[0]> = {}) =>
  verifyRemoteCommand.run(
    {
      ...checkout.buildOptions('made-again'),
      repository: `${server.name}/${at}`,
      connections: 4,
      ...options,
    },
    checkout.environment,
  );

test('a layout made again from the lock is what is published, tag for tag', async () => {
  const result = await verify('o/q', { deep: true });
  expect(result.text).toMatch(/o\/q: (\d+) of \1 tags are what the lock gives$/);
  expect(result.failure).toBe(undefined);
  const notes = checkout.events.flatMap((event) => (event.type === 'note' ? event.text : []));
  expect(notes.at(-1)).toMatch(/o\/q: needs \d+ HEAD, \d+ GET of manifests, .*, \d+ GET of blobs$/);
});

test('one tag alone', async () => {
  const { text } = await verify('o/q:latest');
  expect(text).toMatch(/ 1 of 1 tags/);
});

test('a difference is printed with the tag, and fails', async () => {
  const right = server.store.tags.get('o/q:latest') ?? '';
  server.store.tags.set('o/q:latest', server.store.tags.get('o/q:register') ?? '');
  const { text, failure } = await verify('o/q').finally(() => server.store.tags.set('o/q:latest', right));
  expect(text).toMatch(/\nlatest +sha256:\w+ +is sha256:\w+\n/);
  expect(failure).toMatchObject({
    code: 'REMOTE_DIFFERS',
    message: expect.stringContaining('latest is sha256:'),
  });
});

test('tags that the gate holds are not compared, and are no strangers', async () => {
  const lock = await readLock(checkout.environment.paths.lock);
  const gate = [await gateFile(join(folder, 'gate.json'), lock, [HUNG])];
  const right = server.store.tags.get('o/q:latest') ?? '';
  server.store.tags.set('o/q:latest', server.store.tags.get('o/q:register') ?? '');
  const { failure, value } = await verify('o/q', { gate }).finally(() =>
    server.store.tags.set('o/q:latest', right),
  );
  expect(failure).toBe(undefined);
  expect(value).toMatchObject({ others: [] });
});

test('a tag that the lock does not give is listed, and is not a failure: it may be of an earlier release', async () => {
  server.store.tags.set('o/q:11.1.2-1', server.store.tags.get('o/q:latest') ?? '');
  const { text, value, failure } = await verify('o/q').finally(() =>
    server.store.tags.delete('o/q:11.1.2-1'),
  );
  expect(text).toMatch(/\n\S+ also has tags that the lock does not give:\n {2}- 11\.1\.2-1$/);
  expect(value).toMatchObject({ others: ['11.1.2-1'] });
  expect(failure).toBe(undefined);
});

test.each([
  ['o/q:beta', 'the lock gives no tag beta'],
  [`o/q@sha256:${'0'.repeat(64)}`, 'takes a tag, not a digest'],
])('wrong usage: %s', async (at, message) => {
  await expect(verify(at)).rejects.toMatchObject({
    code: 'USAGE',
    message: expect.stringContaining(message),
  });
});
