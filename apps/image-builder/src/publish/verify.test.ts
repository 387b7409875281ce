import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MEDIA_TYPE } from '@qemu-user-static/oci-image';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { blobsOf, documentIn, type ImageSet, isIndex, withTags } from '../layouts/image-set.ts';
import { publishedSet } from '../testing/remote.ts';
import { smallSet } from '../testing/small-set.ts';
import { RateLimit } from './rate-limit.ts';
import { areGenuine, arePresent, otherTags, verifyRemote, verifyRequests } from './verify.ts';

const folder = await mkdtemp(join(tmpdir(), 'verify-'));
afterAll(() => rm(folder, { recursive: true, force: true }));
let set: ImageSet;
beforeAll(async () => {
  set = await smallSet(folder);
});

/** A registry to which the set is published, and the findings on it that are not right. */
async function published() {
  const { server, client } = await publishedSet(set);
  const slept: number[] = [];
  const rateLimit = new RateLimit({ sleep: async (ms) => void slept.push(ms) }, () => undefined);
  const wrong = async (inspection = arePresent, of = set) =>
    (await verifyRemote(of, client, inspection, 4, rateLimit)).filter(({ same }) => !same);
  return { server, client, rateLimit, slept, wrong };
}

/** The digest of the image of one emulator for one host, and one of its blobs that no other image has. */
function lonelyImage() {
  const tag = set.tags.find(({ tag: name }) => name === 'armv7l-arm');
  if (tag === undefined) throw new Error('no such tag');
  const layer = documentIn(set, tag.digest).needs[1];
  if (layer === undefined) throw new Error('no layer');
  return { image: tag.digest, layer };
}

test('what was published is what the lock gives, by name and byte for byte', async () => {
  const { wrong } = await published();
  expect(await wrong(arePresent)).toEqual([]);
  expect(await wrong(areGenuine)).toEqual([]);
});

describe('is found:', () => {
  test('a tag with another image', async () => {
    const { server, wrong } = await published();
    const other = set.tags.find(({ tag }) => tag === 'register')?.digest ?? '';
    server.store.tags.set('o/q:latest', other);
    expect(await wrong()).toMatchObject([{ tag: 'latest', problems: [`is ${other}`] }]);
  });

  test('a tag that is gone', async () => {
    const { server, wrong } = await published();
    server.store.tags.delete('o/q:latest');
    expect(await wrong()).toMatchObject([{ tag: 'latest', problems: ['is missing'] }]);
  });

  test('a document with other bytes than its digest says, in each tag that points at it', async () => {
    const { server, wrong } = await published();
    const { digest } = set.tags.find(({ tag }) => tag === 'latest') ?? {};
    server.inject({
      method: 'GET',
      path: new RegExp(`manifests/${digest}$`),
      fault: { kind: 'corrupt-answer' },
    });
    const same = set.tags.filter((one) => one.digest === digest);
    expect(await wrong(arePresent)).toEqual([]);
    expect(await wrong(areGenuine)).toEqual(
      same.map(({ tag }) => ({
        tag,
        digest,
        same: false,
        problems: [`${digest} is served with other bytes`],
      })),
    );
  });

  test('an image that was cleaned away below its index, in each tag that lists it', async () => {
    const { server, wrong } = await published();
    const { image } = lonelyImage();
    server.store.manifests.delete(`o/q@${image}`);
    const tags = await wrong();
    const listing = set.tags.filter(
      ({ digest }) =>
        digest === image ||
        (isIndex(documentIn(set, digest)) &&
          documentIn(set, digest).needs.some((one) => one.digest === image)),
    );
    expect(tags.map(({ tag }) => tag).sort()).toEqual(listing.map(({ tag }) => tag).sort());
    expect(tags[0]?.problems).toContain(`${image} is missing`);
  });

  test('a blob that is gone', async () => {
    const { server, wrong } = await published();
    const { layer } = lonelyImage();
    server.store.blobs.delete(`o/q@${layer.digest}`);
    const [first] = await wrong();
    expect(first?.problems).toEqual([`${layer.digest} is missing`]);
  });

  test('a blob of another size', async () => {
    const { server, wrong } = await published();
    const { layer } = lonelyImage();
    server.store.blobs.set(`o/q@${layer.digest}`, Buffer.alloc(layer.size + 1));
    const [first] = await wrong();
    const problem = `exists with ${layer.size + 1} bytes, not ${layer.size}`;
    expect(first?.problems).toEqual([`${layer.digest} ${problem}`]);
  });

  test('an index that lacks a platform, and a manifest in the place of another', async () => {
    const { server, client, wrong } = await published();
    const tag = set.tags.find(({ tag: name }) => name === 'arm');
    if (tag === undefined) throw new Error('no such tag');
    const whole = JSON.parse(Buffer.from(documentIn(set, tag.digest).bytes).toString());
    const cut = { ...whole, manifests: whole.manifests.slice(1) };
    const bytes = Buffer.from(JSON.stringify(cut));
    const { digest } = await client.putManifest('arm', { mediaType: whole.mediaType, bytes });
    expect(await wrong()).toMatchObject([{ tag: 'arm', problems: [`is ${digest}`] }]);
    server.store.tags.set('o/q:arm', tag.digest);
    const [first, second] = whole.manifests.map((one: { digest: string }) => `o/q@${one.digest}`);
    const swapped = server.store.manifests.get(second);
    if (swapped === undefined) throw new Error('no manifest');
    server.store.manifests.set(first, swapped);
    const named = (await wrong(areGenuine)).find((one) => one.tag === 'arm');
    expect(named?.problems).toEqual([`${first.slice('o/q@'.length)} is served with other bytes`]);
  });

  test('a blob with other bytes, when every byte is read', async () => {
    const { server, wrong } = await published();
    const { layer } = lonelyImage();
    server.store.blobs.set(`o/q@${layer.digest}`, Buffer.alloc(layer.size));
    expect(await wrong(arePresent)).toEqual([]);
    const [first] = await wrong(areGenuine);
    expect(first?.problems).toEqual([`${layer.digest} is served with other bytes`]);
  });
});

describe('is found when every byte is read:', () => {
  type Stored = { server: Awaited<ReturnType<typeof published>>['server']; image: string; layer: string };
  const manifestIn = ({ server, image }: Stored) => {
    const found = server.store.manifests.get(image);
    if (found === undefined) throw new Error('no manifest');
    return found;
  };
  test.each<[string, (stored: Stored) => unknown, 'image' | 'layer', string]>([
    [
      'a document that is gone',
      ({ server, image }) => server.store.manifests.delete(image),
      'image',
      'is missing',
    ],
    [
      'a document of another type',
      (stored) =>
        stored.server.store.manifests.set(stored.image, {
          ...manifestIn(stored),
          mediaType: MEDIA_TYPE.index,
        }),
      'image',
      'is served as another type',
    ],
    [
      'a document that does not end',
      (stored) =>
        stored.server.store.manifests.set(stored.image, {
          ...manifestIn(stored),
          bytes: Buffer.alloc(5 << 20),
        }),
      'image',
      'is served with more bytes',
    ],
    ['a blob that is gone', ({ server, layer }) => server.store.blobs.delete(layer), 'layer', 'is missing'],
    [
      'a longer blob',
      ({ server, layer }) => server.store.blobs.set(layer, Buffer.alloc(5000)),
      'layer',
      'is served with more bytes',
    ],
  ])('%s', async (_, damage, of, problem) => {
    const { server, wrong } = await published();
    const { image, layer } = lonelyImage();
    damage({ server, image: `o/q@${image}`, layer: `o/q@${layer.digest}` });
    const digest = of === 'image' ? image : layer.digest;
    const one = withTags(set, (tag) => tag === 'arm');
    expect(await wrong(areGenuine, one)).toEqual([
      { tag: 'arm', digest: one.tags[0]?.digest, same: false, problems: [`${digest} ${problem}`] },
    ]);
  });

  test('a bug is an error, not a finding', async () => {
    const bug = new TypeError('a bug');
    const inspection = { ...areGenuine, manifest: () => Promise.reject(bug) };
    const { wrong } = await published();
    await expect(wrong(inspection)).rejects.toBe(bug);
  });
});

test('after a failure nothing more is asked', async () => {
  const { server, client, wrong } = await published();
  server.inject({ method: 'HEAD', path: /sha256/, fault: { kind: 'status', status: 403 } });
  const before = server.requests.length;
  await expect(wrong()).rejects.toMatchObject({ code: 'REGISTRY_DENIED' });
  for (let n = 0; n < 10; n++) await client.listTags();
  const asked = server.requests.slice(before).filter(({ method }) => method === 'HEAD');
  // The tags, and what was on its way.
  expect(asked.length - set.tags.length).toBeLessThan(10);
});

test('each answer is reported, and no more requests go at once than asked for', async () => {
  const { client, rateLimit } = await published();
  let [now, most, answers] = [0, 0, 0];
  const slowly = async () => {
    most = Math.max(most, ++now);
    await new Promise(setImmediate);
    now--;
    return null;
  };
  const inspection = { isDeep: false, manifest: slowly, blob: slowly };
  await verifyRemote(set, client, inspection, 3, rateLimit, () => answers++);
  expect([most, answers]).toEqual([3, verifyRequests(set, arePresent).heads]);
});

test('the first tag is asked for alone: a registry that cannot be reached is one failure', async () => {
  const { server, client, wrong } = await published();
  server.inject({ method: 'HEAD', times: 99, fault: { kind: 'status', status: 403 } });
  const before = server.requests.length;
  await expect(wrong()).rejects.toMatchObject({ code: 'REGISTRY_DENIED' });
  await client.listTags();
  expect(server.requests.slice(before).filter(({ method }) => method === 'HEAD')).toHaveLength(1);
});

test('tags that the set does not have are listed in order, whatever order the registry has', async () => {
  const { server, client, rateLimit } = await published();
  const body = JSON.stringify({ name: 'o/q', tags: ['old', 'latest', 'a-stranger'] });
  server.inject({ path: /tags\/list/, fault: { kind: 'status', status: 200, body } });
  expect(await otherTags(set, client, rateLimit)).toEqual(['a-stranger', 'old']);
});

test('one tag alone asks for what it needs, and for nothing else', async () => {
  const { server, wrong } = await published();
  const before = server.requests.length;
  const one = withTags(set, (tag) => tag === 'armv7l-arm');
  expect(await wrong(areGenuine, one)).toEqual([]);
  expect(server.requests.length - before).toBe(2 + blobsOf(one).size);
});

describe.each([
  ['what is there', arePresent],
  ['every byte', areGenuine],
])('the requests for %s', (_, inspection) => {
  test('are known beforehand, and each digest is downloaded once', async () => {
    const { server, wrong } = await published();
    const before = server.requests.length;
    await wrong(inspection);
    const sent = server.requests.slice(before);
    const count = (verb: string, path: RegExp) =>
      sent.filter(({ method, path: at }) => method === verb && path.test(at)).length;
    expect(verifyRequests(set, inspection)).toEqual({
      heads: count('HEAD', /./),
      manifests: count('GET', /\/manifests\//),
      blobs: count('GET', /\/blobs\//),
    });
    const downloads = sent.filter(({ method }) => method === 'GET').map(({ path }) => path);
    expect(downloads).toEqual([...new Set(downloads)]);
  });
});

test.each([
  ['a tag', arePresent, 'HEAD', /manifests\/latest$/],
  ['a document', arePresent, 'HEAD', /manifests\/sha256/],
  ['the bytes of a document', areGenuine, 'GET', /manifests\/sha256/],
  ['a blob', arePresent, 'HEAD', /blobs/],
  ['the bytes of a blob', areGenuine, 'GET', /blobs/],
])('that %s cannot be asked for is an error, not a finding', async (_, inspection, method, path) => {
  const { server, wrong } = await published();
  server.inject({ method, path, times: 999, fault: { kind: 'status', status: 403 } });
  await expect(wrong(inspection)).rejects.toMatchObject({ code: 'REGISTRY_DENIED' });
});

test('a limit of requests is waited for, and the rest is asked afterwards', async () => {
  const { server, client, slept, rateLimit, wrong } = await published();
  const wait = { 'retry-after': '7200' };
  const limit = { method: 'GET', times: 1, fault: { kind: 'status', status: 429, headers: wait } } as const;
  server.inject({ ...limit, path: /manifests/, skip: 2 });
  expect(await wrong(areGenuine)).toEqual([]);
  expect(slept).toEqual([7_200_000]);
  server.inject({ ...limit, path: /tags\/list/ });
  expect(await otherTags(set, client, rateLimit)).toEqual([]);
  expect(slept).toEqual([7_200_000, 7_200_000]);
});
