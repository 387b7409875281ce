import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type RegistryServerSettings, startRegistryServer } from '@qemu-user-static/oci-registry/testing';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { type MadeCheckout, madeCheckout } from '../testing/made-checkout.ts';
import { command as checkPushCommand } from './check-push.ts';
import { openEnvironment } from './environment.ts';
import { command as publishCommand } from './publish.ts';

const folder = await mkdtemp(join(tmpdir(), 'check-push-'));
let checkout: MadeCheckout;
beforeAll(async () => {
  checkout = await madeCheckout(folder);
});
afterAll(async () => {
  await checkout.environment.close();
  await rm(folder, { recursive: true, force: true });
});

async function registry(settings: RegistryServerSettings = {}) {
  const server = await startRegistryServer(settings);
  onTestFinished(() => server.close());
  return server;
}

const readOnly = { kind: 'status', status: 403, body: '{"errors":[{"code":"DENIED"}]}' } as const;
/** With a login of its own each time, because it may go to one registry only. */
async function checkPush(repository: string[]) {
  const login = { REGISTRY_USERNAME: 'me', REGISTRY_PASSWORD: 'hunter2' };
  const environment = await openEnvironment(login, {}, () => undefined);
  onTestFinished(() => environment.close());
  return checkPushCommand.run({ repository, connections: 4 }, environment);
}

test('a login that may push is confirmed, and nothing is left in the registry', async () => {
  const server = await registry({ lock: { kind: 'bearer', username: 'me', password: 'hunter2' } });
  const { text, failure } = await checkPush([`${server.name}/o/q`]);
  expect([text, failure]).toEqual([`${server.name}/o/q: this login may push`, undefined]);
  expect(server.tokenRequests.at(-1)?.scopes).toEqual(['repository:o/q:pull,push']);
  expect(server.requests.at(-1)?.method).toBe('DELETE');
  expect(server.store.uploads.size + server.store.blobs.size).toBe(0);
});

test.each([
  ['a login that may only read', 'REGISTRY_DENIED', {}, readOnly],
  [
    'a wrong password',
    'REGISTRY_UNAUTHORIZED',
    { lock: { kind: 'basic', username: 'me', password: 'other' } },
    null,
  ],
] as const)('%s is a failure, and every repository is tried', async (_, code, settings, fault) => {
  const [open, closed] = [await registry(), await registry(settings)];
  if (fault !== null) closed.inject({ method: 'POST', times: 9, fault });
  const { text, value, failure } = await checkPush([`${closed.name}/o/q`, `${open.name}/o/q`]);
  expect(text).toBe(`${open.name}/o/q: this login may push`);
  expect(failure).toMatchObject({
    code: 'PUSH_REFUSED',
    message: expect.stringContaining(`${closed.name}/o/q: ${code}: POST `),
    remedy: expect.stringContaining('docker login'),
  });
  expect(value).toMatchObject({ repositories: [{ refusal: { code } }, { refusal: null }] });
});

test('a dry run of publish warns that the push would be refused, and prints the plan', async () => {
  const server = await registry();
  server.inject({ method: 'POST', times: 9, fault: readOnly });
  const layout = [await checkout.build('whole')];
  const { text, failure } = await publishCommand.run(
    { repository: [`${server.name}/o/q`], layout, platform: [], tag: ['register'], connections: 4 },
    checkout.environment,
  );
  expect([text.includes('create'), failure]).toEqual([true, undefined]);
  const notes = checkout.events.flatMap((event) => (event.type === 'note' ? event.text : []));
  expect(notes.at(-2)).toContain('o/q: REGISTRY_DENIED: POST ');
  expect(notes.at(-1)).toContain('nothing was sent');
});
