import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type RegistryServer, startRegistryServer } from '@qemu-user-static/oci-registry/testing';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import type { ImageSet } from '../layouts/image-set.ts';
import type { BuilderEvent } from '../report/events.ts';
import { destinationsIn } from '../testing/remote.ts';
import { smallSet } from '../testing/small-set.ts';
import type { Destination } from './destination.ts';
import { applyPlan, makePlan } from './publish.ts';

const folder = await mkdtemp(join(tmpdir(), 'registries-'));
afterAll(() => rm(folder, { recursive: true, force: true }));
let set: ImageSet;
beforeAll(async () => {
  set = await smallSet(folder);
});

/** So many registries, each with these repositories, and what is reported while they are filled. */
async function start(count: number, repositories = ['o/q']) {
  const servers: RegistryServer[] = [];
  const destinations: Destination[] = [];
  for (let n = 0; n < count; n++) {
    const server = await startRegistryServer();
    const opened = destinationsIn(server.name, repositories);
    onTestFinished(async () => {
      await opened.registry.close();
      await server.close();
    });
    servers.push(server);
    destinations.push(...opened.destinations);
  }
  const events: BuilderEvent[] = [];
  const onEvent = (event: BuilderEvent) => events.push(event);
  const plan = await makePlan(set, destinations, false, onEvent);
  const apply = (to = destinations) => applyPlan(plan, set, to, 4, onEvent);
  const writes = () =>
    servers.flatMap(({ requests }) => requests.filter(({ method }) => !['GET', 'HEAD'].includes(method)));
  return { servers, destinations, events, plan, apply, writes };
}

const denies = (server: RegistryServer) =>
  server.inject({ method: 'POST', times: 999, fault: { kind: 'status', status: 403 } });

test('each stage is reported, and each repository with the bytes that go there', async () => {
  const { servers, events, plan, apply } = await start(1, ['o/q', 'o/r']);
  await apply();
  const stages = events.flatMap((event) => (event.type.startsWith('stage') ? [event] : []));
  expect(stages).toMatchObject(
    ['plan', 'publish'].flatMap((stage) => [
      { type: 'stage', stage },
      { type: 'stage-done', stage },
    ]),
  );
  expect(events.filter(({ type }) => type === 'sending')).toEqual(
    plan.targets.map(({ repository, bytes }) => ({
      type: 'sending',
      registry: servers[0]?.name,
      repository,
      bytes,
    })),
  );
});

test('the failures of all registries are reported: the first ends the run, the others are noted', async () => {
  const { servers, events, apply } = await start(3);
  const [first, second, third] = servers;
  if (first === undefined || second === undefined || third === undefined) throw new Error('no servers');
  denies(first);
  denies(third);
  await expect(apply()).rejects.toMatchObject({
    code: 'REGISTRY_DENIED',
    message: expect.stringContaining(first.name),
  });
  expect(events.flatMap((event) => (event.type === 'note' ? [event.text] : []))).toEqual([
    expect.stringContaining(third.name),
  ]);
  const filled = servers.map(({ store }) => store.tags.size);
  expect(filled).toEqual([0, set.tags.length, 0]);
});

test('after a failure nothing is sent to the later repositories of the registry', async () => {
  const { servers, writes, apply } = await start(1, ['o/q', 'o/r']);
  servers[0]?.inject({ method: 'PUT', path: /latest$/, fault: { kind: 'status', status: 403 } });
  await expect(apply()).rejects.toMatchObject({ code: 'REGISTRY_DENIED' });
  expect(new Set(writes().map(({ path }) => path.split('/')[3]))).toEqual(new Set(['q']));
});

test.each<[string, (one: Destination) => Destination]>([
  ['registry', (one) => ({ ...one, registry: 'r.example' })],
  ['repository', (one) => ({ ...one, repository: 'o/r' })],
])('a plan for another %s is not applied', async (_, other) => {
  const { servers, destinations, writes, apply } = await start(1);
  await expect(apply(destinations.map(other))).rejects.toThrow(
    new RangeError(`${servers[0]?.name}/o/q is not a destination`),
  );
  expect(writes()).toEqual([]);
});

test('a plan that would move a tag that never moves is not applied at all', async () => {
  const { destinations, servers } = await start(2);
  servers[1]?.store.tags.set('o/q:11.1.3-1', 'sha256:'.padEnd(71, '0'));
  servers[1]?.store.manifests.set(`o/q@${'sha256:'.padEnd(71, '0')}`, {
    mediaType: 'application/json',
    bytes: Buffer.from('{}'),
  });
  const plan = await makePlan(set, destinations, false, () => undefined);
  await expect(applyPlan(plan, set, destinations, 4, () => undefined)).rejects.toMatchObject({
    code: 'TAG_IMMUTABLE',
  });
  expect(servers.map(({ store }) => store.blobs.size + store.uploads.size)).toEqual([0, 0]);
});
