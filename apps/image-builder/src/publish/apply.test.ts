import { mkdtemp, readdir, readlink, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { blobPath, createBlob, type Digest } from '@qemu-user-static/oci-image';
import {
  type Injection,
  type RegistryServerSettings,
  startRegistryServer,
} from '@qemu-user-static/oci-registry/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import type { ImageSet } from '../layouts/image-set.ts';
import { destinationsIn } from '../testing/remote.ts';
import { smallSet } from '../testing/small-set.ts';
import { applyTarget } from './apply.ts';
import { planPublish, type TargetPlan } from './plan.ts';

const folder = await mkdtemp(join(tmpdir(), 'apply-'));
afterAll(() => rm(folder, { recursive: true, force: true }));
let whole: ImageSet;
beforeAll(async () => {
  whole = await smallSet(join(folder, 'oci'));
});

/** What a repository gets that has nothing. */
function planFor(set: ImageSet, change: Partial<TargetPlan> = {}): TargetPlan {
  const state = { tags: new Map(), present: new Set<Digest>() };
  const [plan] = planPublish(set, [{ registry: 'r.example', repository: 'o/q', state }]).targets;
  if (plan === undefined) throw new Error('no plan');
  return { ...plan, ...change };
}

/** A registry in this process, ended with the test, and what a run sends to it. */
async function start(traits: RegistryServerSettings = {}) {
  const server = await startRegistryServer(traits);
  const { registry } = destinationsIn(server.name, []);
  onTestFinished(async () => {
    await registry.close();
    await server.close();
  });
  const client = registry.repository('o/q');
  const sent = (method: string, path: RegExp) =>
    server.requests.filter((one) => one.method === method && path.test(one.path)).length;
  /** By then, whatever a run goes on with would have arrived. */
  const later = async () => {
    for (let n = 0; n < 30; n++) await client.listTags();
  };
  const apply = (plan: TargetPlan, set = whole, atOnce = 1) => applyTarget(plan, set, client, atOnce);
  return { server, client, registry, sent, later, apply };
}

const denied = { kind: 'status', status: 403 } as const;
const BLOBS = /\/blobs\/uploads/;
const MANIFESTS = /\/manifests\/sha256:/;
const TAGS = /\/manifests\/(?!sha256:)/;

describe('a step that fails ends the run:', () => {
  const indexPath = () => new RegExp(`/manifests/${planFor(whole).indexes[0]?.digest}$`);
  const mounts = () => {
    const { upload } = planFor(whole).blobs;
    return planFor(whole, {
      blobs: { mount: upload.map((blob) => ({ ...blob, from: 'o/r' })), upload: [], there: 0 },
    });
  };
  // How often each is sent, where the first of a kind is denied.
  test.each<[string, () => TargetPlan, () => Injection, [number, number, number]]>([
    ['a mount', mounts, () => ({ method: 'POST', times: 2, fault: denied }), [0, 0, 0]],
    ['a blob', () => planFor(whole), () => ({ method: 'PUT', path: BLOBS, fault: denied }), [1, 0, 0]],
    [
      'a manifest',
      () => planFor(whole),
      () => ({ method: 'PUT', path: MANIFESTS, fault: denied }),
      [10, 1, 0],
    ],
    [
      'an index',
      () => planFor(whole),
      () => ({ method: 'PUT', path: indexPath(), fault: denied }),
      [10, 6, 0],
    ],
    [
      'a tag that never moves',
      () => planFor(whole),
      () => ({ method: 'PUT', path: TAGS, fault: denied }),
      [10, 7, 1],
    ],
  ])('%s', async (_, plan, injection, [blobs, documents, tags]) => {
    const { server, sent, later, apply } = await start();
    server.inject(injection());
    await expect(apply(plan())).rejects.toMatchObject({ code: 'REGISTRY_DENIED' });
    await later();
    const more = (count: number) => expect.toSatisfy((number) => count <= number && number <= count + 1);
    // One that waited for its turn may begin before the failure is heard of.
    expect([sent('PUT', BLOBS), sent('PUT', MANIFESTS), sent('PUT', TAGS)]).toEqual(
      [blobs, documents, tags].map(more),
    );
  });
});

test('a blob that cannot be mounted is sent in the upload that the registry began instead', async () => {
  const { server, sent, apply } = await start({ mounts: false });
  const [blob] = planFor(whole).blobs.upload;
  if (blob === undefined) throw new Error('no blob');
  const nothing = { manifests: [], indexes: [], tags: [] };
  await apply(
    planFor(whole, { ...nothing, blobs: { mount: [{ ...blob, from: 'o/r' }], upload: [], there: 0 } }),
  );
  expect([...server.store.blobs.keys()]).toEqual([`o/q@${blob.digest}`]);
  expect([sent('POST', /mount=.*from=o%2Fr/), sent('POST', BLOBS), sent('PUT', BLOBS)]).toEqual([1, 1, 1]);
});

test('a blob of several pieces arrives as it is, and its file is closed', async () => {
  const layout = { folder: join(folder, 'oci') };
  // Every piece has other bytes than the one before.
  const bytes = Buffer.from(Array.from({ length: 70_000 }, (_, at) => `${at} of many\n`).join(''));
  const writer = await createBlob(layout);
  await writer.write(bytes);
  const { digest, size } = await writer.commit();
  const set = { ...whole, layoutOf: new Map([[digest, layout]]) };
  const { server, apply } = await start();
  const nothing = { manifests: [], indexes: [], tags: [] };
  await apply(
    planFor(whole, { ...nothing, blobs: { mount: [], upload: [{ digest, size }], there: 0 } }),
    set,
  );
  expect(server.store.blobs.get(`o/q@${digest}`)?.equals(bytes)).toBe(true);
  const open = await readdir('/proc/self/fd');
  const files = await Promise.all(open.map((one) => readlink(`/proc/self/fd/${one}`).catch(() => '')));
  expect(files.filter((path) => path.startsWith(folder))).toEqual([]);
});

test('a blob that no layout of the set has is a bug, not a wait', async () => {
  const { server, apply } = await start();
  const [blob] = planFor(whole).blobs.upload;
  const lost = { ...whole, layoutOf: new Map() };
  await expect(apply(planFor(whole), lost)).rejects.toThrow(
    new RangeError(`${blob?.digest} is not a blob of the set`),
  );
  expect(server.store.tags.size).toBe(0);
});

describe('a blob that the registry does not take', () => {
  const status = (code: number) => ({ kind: 'status', status: code }) as const;
  let set: ImageSet;
  let layout: { folder: string };
  beforeEach(async () => {
    layout = { folder: await mkdtemp(join(folder, 'damaged-')) };
    set = await smallSet(layout.folder);
  });
  const damage = ({ digest, size }: { digest: Digest; size: number }) =>
    writeFile(blobPath(layout, digest), Buffer.alloc(size));
  const firstOf = (plan: TargetPlan, at = 0) => {
    const blob = plan.blobs.upload[at];
    if (blob === undefined) throw new Error('no blob');
    return blob;
  };

  test.each<[string, (path: string) => Promise<unknown>, string]>([
    ['was cut', (path) => truncate(path, 20), 'wrong size'],
    ['went away', (path) => rm(path), 'missing'],
  ])('is reported if it %s since it was made', async (_, change, problem) => {
    const { server, apply } = await start();
    const plan = planFor(set);
    const blob = firstOf(plan);
    await change(blobPath(layout, blob.digest));
    await expect(apply(plan, set)).rejects.toMatchObject({
      code: 'BLOB_DAMAGED',
      message: `${layout.folder}: blob ${blob.digest}: ${problem}`,
    });
    expect(server.store.blobs.has(`o/q@${blob.digest}`)).toBe(false);
  });

  test('is reported as damaged if it is', async () => {
    const { server, apply } = await start();
    const plan = planFor(set);
    const blob = firstOf(plan);
    await damage(blob);
    await expect(apply(plan, set)).rejects.toMatchObject({
      code: 'BLOB_DAMAGED',
      message: `${layout.folder}: blob ${blob.digest}: wrong digest`,
      cause: expect.objectContaining({ status: 400 }),
    });
    expect(server.store.blobs.has(`o/q@${blob.digest}`)).toBe(false);
  });

  test.each([
    ['it is sound', 400, false, 'REGISTRY_REFUSED'],
    ['the registry may take it later', 503, true, 'REGISTRY_UNAVAILABLE'],
  ])('is the registry’s failure if %s', async (_, code, isDamaged, expected) => {
    const { server, apply } = await start();
    const plan = planFor(set);
    if (isDamaged) await damage(firstOf(plan));
    server.inject({ method: 'PUT', path: BLOBS, times: 99, fault: status(code) });
    await expect(apply(plan, set)).rejects.toMatchObject({ code: expected, status: code });
  });

  test('is not blamed for the damage of another', async () => {
    const { server, apply } = await start();
    const plan = planFor(set);
    await damage(firstOf(plan, 1));
    server.inject({ method: 'PUT', path: BLOBS, times: 1, fault: status(403) });
    await expect(apply(plan, set)).rejects.toMatchObject({ code: 'REGISTRY_DENIED' });
  });

  test('is the failure of a connection if there is none, even if it is damaged', async () => {
    const { server, apply } = await start();
    const plan = planFor(set);
    await damage(firstOf(plan));
    await server.close();
    await expect(apply(plan, set)).rejects.toMatchObject({ code: 'REGISTRY_UNREACHABLE' });
  });
});

describe('tags', () => {
  test('that are as they should be are not written, nor asked for again', async () => {
    const { server, apply } = await start();
    await apply(planFor(whole));
    const before = server.requests.length;
    const { tags } = planFor(whole);
    const left = tags.map((tag) => ({ ...tag, action: 'leave' as const }));
    const nothing = { blobs: { mount: [], upload: [], there: 0 }, manifests: [], indexes: [] };
    await apply(planFor(whole, { ...nothing, tags: left }));
    expect(server.requests.slice(before)).toEqual([]);
  });

  test('are written turn after turn: those that never move, the others, latest', async () => {
    const { server, apply } = await start();
    await apply(planFor(whole));
    const puts = server.requests.filter(({ method, path }) => method === 'PUT' && TAGS.test(path));
    expect(puts.map(({ path }) => path.split('/').at(-1))).toEqual([
      'armv7l-arm-11.1.3-1',
      ...['11.1.3-1', 'arm-11.1.3-1'],
      ...['armv7l-arm', 'register'],
      ...['11.1.3', 'arm'],
      'latest',
    ]);
  });

  test.each<[string, Injection, string]>([
    ['is not kept', { method: 'PUT', fault: { kind: 'status', status: 201 } }, 'missing'],
    [
      'is another when it is read back',
      { method: 'HEAD', fault: { kind: 'wrong-digest-header' } },
      'sha256:[0-9a-f]{64}',
    ],
  ])('one that %s is an error that names both', async (_, injection, found) => {
    const { server, apply } = await start();
    const wanted = planFor(whole).tags.at(-1)?.digest;
    server.inject({ ...injection, path: /latest$/ });
    const error = await apply(planFor(whole)).catch((thrown) => thrown);
    expect(error.code).toBe('TAG_NOT_KEPT');
    expect(error.message).toMatch(new RegExp(`^r.example/o/q:\n  - latest is ${found}, not ${wanted}$`));
  });
});
