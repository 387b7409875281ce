import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type RegistrySettings, Secret } from '@qemu-user-static/oci-registry';
import {
  type Injection,
  type RegistryServerSettings,
  startRegistryServer,
} from '@qemu-user-static/oci-registry/testing';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import type { ImageSet } from '../layouts/image-set.ts';
import { destinationsIn, gapsIn, publishTo, tagsIn, tagsOf } from '../testing/remote.ts';
import { smallSet } from '../testing/small-set.ts';

/** Something that goes wrong with a registry while a release is published to it. */
interface Case {
  readonly name: string;
  readonly fault: Injection;
  /** The code that the run ends in, and the tags that are there by then; without it, all are published. */
  readonly ends?: readonly [code: string, tags: 'no tag' | 'all tags' | 'all tags but `latest`'];
  readonly server?: RegistryServerSettings;
  readonly client?: RegistrySettings;
}

const ALWAYS = 9999;
const UPLOADS = /\/blobs\/uploads\//;
const BY_DIGEST = /\/manifests\/sha256:/;
const TAGS = /\/manifests\/(?!sha256:)/;
const LATEST = /\/manifests\/latest$/;
const answer = (status: number, headers: Record<string, string> = {}) =>
  ({ kind: 'status', status, headers }) as const;
const locked: Pick<Case, 'server' | 'client'> = {
  server: { lock: { kind: 'bearer', username: 'me', password: 'hunter2' } },
  client: {
    credentials: async () => ({ kind: 'basic', username: 'me', password: new Secret('hunter2') }),
  },
};

/** docs/publish.md has this table; a test compares it. */
const CASES: readonly Case[] = [
  {
    name: '429 with `Retry-After` to blobs',
    fault: { method: 'PUT', path: UPLOADS, skip: 2, times: 3, fault: answer(429, { 'retry-after': '0' }) },
  },
  {
    name: '503 to manifests',
    fault: { method: 'PUT', path: BY_DIGEST, skip: 2, times: 4, fault: answer(503) },
  },
  { name: '502 to tags', fault: { method: 'PUT', path: TAGS, skip: 2, times: 4, fault: answer(502) } },
  { name: '500 to questions', fault: { method: 'HEAD', skip: 5, times: 4, fault: answer(500) } },
  {
    name: 'connection dropped inside a blob',
    fault: { method: 'PUT', path: UPLOADS, skip: 1, times: 4, fault: { kind: 'drop-request', after: 100 } },
  },
  {
    name: 'connection dropped inside a chunk',
    fault: { method: 'PATCH', times: 3, fault: { kind: 'drop-request', after: 50 } },
    client: { monolithicLimit: 200, chunkSize: 200 },
  },
  {
    name: 'answer to a stored blob lost',
    fault: { method: 'PUT', path: UPLOADS, skip: 1, times: 4, fault: { kind: 'lose-answer' } },
  },
  {
    name: 'answer to a stored tag lost',
    fault: { method: 'PUT', path: TAGS, skip: 1, times: 4, fault: { kind: 'lose-answer' } },
  },
  {
    name: 'upload sessions vanish',
    fault: { method: 'PUT', path: UPLOADS, skip: 3, times: 3, fault: { kind: 'forget-uploads' } },
  },
  {
    name: 'tokens expire',
    fault: { method: 'PUT', skip: 5, fault: { kind: 'expire-tokens' } },
    ...locked,
  },
  {
    name: '500 to manifests, and it stays so',
    fault: { method: 'PUT', path: BY_DIGEST, times: ALWAYS, fault: answer(500) },
    ends: ['REGISTRY_UNAVAILABLE', 'no tag'],
  },
  {
    name: '429 with `Retry-After: 3600`',
    fault: { method: 'POST', times: ALWAYS, fault: answer(429, { 'retry-after': '3600' }) },
    ends: ['REGISTRY_RATE_LIMITED', 'no tag'],
  },
  {
    name: '403 to uploads',
    fault: { method: 'POST', times: ALWAYS, fault: answer(403) },
    ends: ['REGISTRY_DENIED', 'no tag'],
  },
  {
    name: '401 to everything',
    fault: { times: ALWAYS, fault: answer(401) },
    ends: ['REGISTRY_UNAUTHORIZED', 'no tag'],
    ...locked,
  },
  {
    name: 'a manifest stored under another digest',
    fault: { method: 'PUT', path: BY_DIGEST, times: ALWAYS, fault: { kind: 'wrong-digest-header' } },
    ends: ['REGISTRY_DIGEST_MISMATCH', 'no tag'],
  },
  {
    name: '500 to the last tag, and it stays so',
    fault: { method: 'PUT', path: LATEST, times: ALWAYS, fault: answer(500) },
    ends: ['REGISTRY_UNAVAILABLE', 'all tags but `latest`'],
  },
  {
    name: 'the last tag accepted and not stored',
    fault: { method: 'PUT', path: LATEST, fault: answer(201) },
    ends: ['TAG_NOT_KEPT', 'all tags but `latest`'],
  },
  {
    name: 'another digest for the last tag when it is read back',
    fault: { method: 'HEAD', path: LATEST, fault: { kind: 'wrong-digest-header' } },
    ends: ['TAG_NOT_KEPT', 'all tags'],
  },
];

const folder = await mkdtemp(join(tmpdir(), 'faults-'));
afterAll(() => rm(folder, { recursive: true, force: true }));
let set: ImageSet;
beforeAll(async () => {
  set = await smallSet(folder);
});

function expectedTags(ends: Case['ends']): Record<string, string> {
  const { latest, ...others } = tagsOf(set);
  if (ends?.[1] === 'no tag') return {};
  return ends?.[1] === 'all tags but `latest`' ? others : tagsOf(set);
}

test.each(CASES)('$name', async ({ fault, ends, server: traits, client }) => {
  const server = await startRegistryServer(traits);
  const { registry, destinations } = destinationsIn(server.name, ['o/q'], client);
  onTestFinished(async () => {
    await registry.close();
    await server.close();
  });
  server.inject(fault);
  const outcome = await publishTo(destinations, set).then(
    () => undefined,
    (error) => error.code ?? error,
  );
  expect(outcome).toBe(ends?.[0]);
  const happened = Object.values(server.faults).reduce((sum, count) => sum + count, 0);
  if (fault.times === ALWAYS) expect(happened).toBeGreaterThan(0);
  else expect(happened).toBe(fault.times ?? 1);

  server.heal();
  const repository = registry.repository('o/q');
  expect(await tagsIn(repository)).toEqual(Object.fromEntries(Object.entries(expectedTags(ends)).sort()));
  expect(await gapsIn(repository)).toEqual([]);
  await publishTo(destinations, set);
  expect(await tagsIn(repository)).toEqual(tagsOf(set));
});

test('docs/publish.md has this table', async () => {
  const rows = CASES.map(({ name, fault: { times = 1 }, ends }) =>
    [
      '',
      name,
      times === ALWAYS ? 'always' : times === 1 ? 'once' : `${times} times`,
      ends === undefined ? 'published' : `\`${ends[0]}\`; ${ends[1]} there; the next run publishes`,
      '',
    ]
      .join(' | ')
      .trim(),
  );
  const table = ['| fault | how often | what happened |', '|---|---|---|', ...rows].join('\n');
  expect(await readFile(new URL('../../../../docs/publish.md', import.meta.url), 'utf8')).toContain(table);
});
