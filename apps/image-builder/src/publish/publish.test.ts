import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { blobPath, type Digest } from '@qemu-user-static/oci-image';
import type { RegistrySettings } from '@qemu-user-static/oci-registry';
import { type RegistryServerSettings, startRegistryServer } from '@qemu-user-static/oci-registry/testing';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { blobsOf, type ImageSet } from '../layouts/image-set.ts';
import { destinationsIn, gapsIn, publishTo, tagsIn, tagsOf } from '../testing/remote.ts';
import { smallSet } from '../testing/small-set.ts';
import { applyPlan, makePlan } from './publish.ts';
import { RateLimit } from './rate-limit.ts';
import { areGenuine, arePresent, verifyRemote } from './verify.ts';

const folder = await mkdtemp(join(tmpdir(), 'publish-'));
afterAll(() => rm(folder, { recursive: true, force: true }));
let set: ImageSet;
beforeAll(async () => {
  set = await smallSet(folder);
});

/** A registry in this process and repositories of it, ended with the test. */
async function start(
  repositories = ['o/q'],
  server: RegistryServerSettings = {},
  client: RegistrySettings = {},
) {
  const running = await startRegistryServer(server);
  const { registry, destinations } = destinationsIn(running.name, repositories, client);
  onTestFinished(async () => {
    await registry.close();
    await running.close();
  });
  const [first] = destinations;
  if (first === undefined) throw new Error('no destination');
  return { server: running, destinations, client: first.client };
}

const silent = () => undefined;
const WRITES = ['POST', 'PUT', 'PATCH', 'DELETE'];

describe('a plan', () => {
  test('changes nothing', async () => {
    const { server, destinations } = await start();
    const plan = await makePlan(set, destinations, false, silent);
    expect(plan.targets[0]?.blobs.upload).toHaveLength(blobsOf(set).size);
    expect(server.requests.filter(({ method }) => WRITES.includes(method))).toEqual([]);
  });

  test('says exactly what is then sent', async () => {
    const { server, destinations } = await start();
    const plan = await publishTo(destinations, set);
    const received = server.requests
      .filter(({ method }) => method === 'PUT')
      .reduce((sum, { received: bytes }) => sum + bytes, 0);
    expect(received).toBe(plan.targets[0]?.bytes);
  });
});

describe('publishing', () => {
  test('stores every tag, digest for digest, and all that it needs', async () => {
    const { destinations, client } = await start();
    await publishTo(destinations, set);
    expect(await tagsIn(client)).toEqual(tagsOf(set));
    expect(await gapsIn(client)).toEqual([]);
  });

  test('sends blobs, then manifests, then indexes, then tags, and latest at the very end', async () => {
    const { server, destinations } = await start();
    await publishTo(destinations, set);
    const kindOf = (path: string) => {
      const reference = decodeURIComponent(path).split('/manifests/')[1];
      if (reference === undefined) return 'blob';
      const document = set.documents.get(reference as Digest);
      if (document !== undefined)
        return document.descriptor.mediaType.includes('index') ? 'index' : 'manifest';
      return set.tags.find(({ tag }) => tag === reference)?.immutable ? 'tag that never moves' : 'tag';
    };
    const puts = server.requests.filter(({ method }) => method === 'PUT').map(({ path }) => path);
    const kinds = puts.map(kindOf).filter((kind, index, all) => kind !== all[index - 1]);
    expect(kinds).toEqual(['blob', 'manifest', 'index', 'tag that never moves', 'tag']);
    expect(puts.at(-1)).toMatch(/\/manifests\/latest$/);
  });

  test('downloads no manifest, the first time and the second; nor does verify-remote, until it reads every byte', async () => {
    const { server, destinations, client } = await start();
    const pulls = async (work: () => Promise<unknown>) => {
      const before = server.requests.length;
      await work();
      return server.requests
        .slice(before)
        .filter(({ method, path }) => method === 'GET' && path.includes('/manifests/')).length;
    };
    expect(await pulls(() => publishTo(destinations, set))).toBe(0);
    expect(await pulls(() => publishTo(destinations, set))).toBe(0);
    const rateLimit = new RateLimit({ sleep: async () => undefined }, silent);
    expect(await pulls(() => verifyRemote(set, client, arePresent, 4, rateLimit))).toBe(0);
    expect(await pulls(() => verifyRemote(set, client, areGenuine, 4, rateLimit))).toBe(set.documents.size);
  });

  test('moves a tag of an earlier release, and says so beforehand', async () => {
    const { server, destinations, client } = await start();
    await publishTo(destinations, set);
    const earlier = tagsOf(set).register ?? '';
    server.store.tags.set('o/q:latest', earlier);
    const plan = await publishTo(destinations, set);
    expect(plan.targets[0]?.tags.filter(({ action }) => action !== 'leave')).toMatchObject([
      { tag: 'latest', action: 'move', was: earlier },
    ]);
    expect(await tagsIn(client)).toEqual(tagsOf(set));
  });

  test('again sends nothing, and asks for the list of tags and once a tag', async () => {
    const { server, destinations } = await start();
    await publishTo(destinations, set);
    const before = server.requests.length;
    const plan = await publishTo(destinations, set);
    const asked = server.requests.slice(before).map(({ method }) => method);
    expect(asked).toEqual(['GET', ...set.tags.map(() => 'HEAD')]);
    expect(plan.targets[0]?.bytes).toBe(0);
  });

  test('goes on with what an earlier run left', async () => {
    const { server, destinations, client } = await start();
    server.inject({
      method: 'PUT',
      path: /manifests/,
      skip: 3,
      times: 99,
      fault: { kind: 'status', status: 403 },
    });
    await expect(publishTo(destinations, set)).rejects.toMatchObject({ code: 'REGISTRY_DENIED' });
    expect(await client.listTags()).toEqual([]);
    const rest = await start(['o/q']);
    for (const [key, value] of server.store.blobs) rest.server.store.blobs.set(key, value);
    for (const [key, value] of server.store.manifests) rest.server.store.manifests.set(key, value);
    const plan = await publishTo(rest.destinations, set);
    expect(plan.targets[0]?.blobs).toMatchObject({ upload: [], there: blobsOf(set).size });
    const stored = server.store.manifests.size;
    expect(stored).toBeGreaterThan(0);
    const { manifests = [], indexes = [] } = plan.targets[0] ?? {};
    expect(manifests.length + indexes.length).toBe(set.documents.size - stored);
    expect(await tagsIn(rest.client)).toEqual(tagsOf(set));
  });

  test('asks below a document that is there only when asked to', async () => {
    const { server, destinations, client } = await start();
    await publishTo(destinations, set);
    const [lost] = [...blobsOf(set).keys()];
    server.store.blobs.delete(`o/q@${lost}`);
    expect((await publishTo(destinations, set)).targets[0]?.bytes).toBe(0);
    const thorough = await publishTo(destinations, set, true);
    expect(thorough.targets[0]?.blobs.upload.map(({ digest }) => digest)).toEqual([lost]);
    expect(await gapsIn(client)).toEqual([]);
  });
});

describe('several repositories of one registry', () => {
  const uploaded = (requests: readonly { method: string; path: string }[], repository: string) =>
    requests.filter(
      ({ method, path }) => method === 'PUT' && path.startsWith(`/v2/${repository}/blobs/uploads`),
    ).length;

  test('get each blob once; the second one takes it over', async () => {
    const { server, destinations } = await start(['o/q', 'o/r']);
    await publishTo(destinations, set);
    expect([uploaded(server.requests, 'o/q'), uploaded(server.requests, 'o/r')]).toEqual([
      blobsOf(set).size,
      0,
    ]);
    for (const { client } of destinations) expect(await gapsIn(client)).toEqual([]);
  });

  test.each([{ mounts: false }, { mounts: 'denied' }] as const)(
    'get it twice where the registry does not mount (%j)',
    async (traits) => {
      const { server, destinations } = await start(['o/q', 'o/r'], traits);
      await publishTo(destinations, set);
      expect(uploaded(server.requests, 'o/r')).toBe(blobsOf(set).size);
      for (const { client } of destinations) expect(await tagsIn(client)).toEqual(tagsOf(set));
    },
  );
});

describe('a tag that never moves', () => {
  test('and is there with another digest is refused before anything is sent', async () => {
    const { server, destinations } = await start();
    const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2 }));
    await destinations[0]?.client.putManifest('11.1.3-1', {
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      bytes,
    });
    const before = server.requests.length;
    await expect(publishTo(destinations, set)).rejects.toMatchObject({ code: 'TAG_IMMUTABLE' });
    expect(new Set(server.requests.slice(before).map(({ method }) => method))).toEqual(
      new Set(['GET', 'HEAD']),
    );
  });
});

test('a tag that never moves is asked for although the list of tags, which may be old, lacks it', async () => {
  const { server, destinations } = await start();
  await publishTo(destinations, set);
  server.store.tags.set('o/q:11.1.3-1', tagsOf(set).register ?? '');
  const body = JSON.stringify({ name: 'o/q', tags: [] });
  server.inject({ path: /tags\/list/, fault: { kind: 'status', status: 200, body } });
  const plan = await makePlan(set, destinations, false, silent);
  expect(plan.targets[0]?.tags.find(({ tag }) => tag === '11.1.3-1')?.action).toBe('refuse');
});

describe('a tag that never moves, written by another run after the plan was made', () => {
  const numbered = '11.1.3-1';

  async function planned() {
    const { server, destinations, client } = await start();
    const plan = await makePlan(set, destinations, false, silent);
    const apply = () => applyPlan(plan, set, destinations, 4, silent);
    const put = (value: string) => {
      const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, value }));
      return client.putManifest(numbered, {
        mediaType: 'application/vnd.oci.image.manifest.v1+json',
        bytes,
      });
    };
    return { server, client, apply, put };
  }

  test('with another digest stays as it is, and no tag that moves is written', async () => {
    const { client, apply, put } = await planned();
    const { digest } = await put('theirs');
    await expect(apply()).rejects.toMatchObject({
      code: 'TAG_IMMUTABLE',
      message: expect.stringContaining(`:${numbered} is ${digest}, and would become`),
    });
    expect((await client.headManifest(numbered))?.digest).toBe(digest);
    const immutable = set.tags.filter((one) => one.immutable).map(({ tag }) => tag);
    expect(immutable).toEqual(expect.arrayContaining(await client.listTags()));
  });

  test('with the same digest is not written again', async () => {
    const { server, client, apply } = await planned();
    const other = await start();
    await publishTo(other.destinations, set);
    for (const [key, value] of other.server.store.manifests) server.store.manifests.set(key, value);
    server.store.tags.set(`o/q:${numbered}`, tagsOf(set)[numbered] ?? '');
    await apply();
    expect(await tagsIn(client)).toEqual(tagsOf(set));
    const writes = server.requests.filter(
      ({ method, path }) => method === 'PUT' && path.endsWith(`/manifests/${numbered}`),
    );
    expect(writes).toEqual([]);
  });
});

describe('several registries', () => {
  test('are filled although one of them fails', async () => {
    const [good, bad] = [await start(), await start()];
    bad.server.inject({ method: 'POST', times: 999, fault: { kind: 'status', status: 403 } });
    const both = [...bad.destinations, ...good.destinations];
    const plan = await makePlan(set, both, false, silent);
    await expect(applyPlan(plan, set, both, 4, silent)).rejects.toMatchObject({
      code: 'REGISTRY_DENIED',
      message: expect.stringContaining(bad.server.name),
    });
    expect(await tagsIn(good.client)).toEqual(tagsOf(set));
    expect(await bad.client.listTags()).toEqual([]);
  });
});

test('a layer that was damaged since it was made is named, and no tag is written', async () => {
  const elsewhere = await mkdtemp(join(tmpdir(), 'publish-damaged-'));
  onTestFinished(() => rm(elsewhere, { recursive: true, force: true }));
  const damaged = await smallSet(elsewhere);
  const blob = [...blobsOf(damaged).values()].at(-1);
  const layout = blob && damaged.layoutOf.get(blob.digest);
  if (blob === undefined || layout === undefined) throw new Error('no blob');
  await writeFile(blobPath(layout, blob.digest), Buffer.alloc(blob.size));
  const { destinations, client } = await start();
  await expect(publishTo(destinations, damaged)).rejects.toMatchObject({
    code: 'BLOB_DAMAGED',
    message: expect.stringContaining(`${blob.digest}: wrong digest`),
  });
  expect(await client.listTags()).toEqual([]);
});
