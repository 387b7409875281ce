import { createHash, generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openRegistry, type Repository, referrersTag } from '@qemu-user-static/oci-registry';
import { startRegistryServer } from '@qemu-user-static/oci-registry/testing';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { AttestPlan } from '../attest/attest.ts';
import type { BuilderEvent } from '../report/events.ts';
import { type MadeCheckout, madeCheckout } from '../testing/made-checkout.ts';
import { command as attestCommand } from './attest.ts';
import type { Environment } from './environment.ts';
import { command as publishCommand } from './publish.ts';

const folder = await mkdtemp(join(tmpdir(), 'attest-'));
const key = join(folder, 'key.pem');
let checkout: MadeCheckout;
let layout: string;

const newKey = () =>
  generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'pem', type: 'pkcs8' });
const builtBy = (commit: string): Environment => ({
  ...checkout.environment,
  builder: async () => ({ commit: commit.repeat(40), builder: { id: 'https://example.org/machine' } }),
});

beforeAll(async () => {
  checkout = await madeCheckout(folder);
  layout = await checkout.build('oci');
  await writeFile(key, newKey());
});
afterAll(async () => {
  await checkout.environment.close();
  await rm(folder, { recursive: true, force: true });
});

/** Tags of one image and of an index, so that few have to be attested. */
const CHOSEN = { tag: ['x86_64-arm', 'armv7l-arm', 'arm-10.2.2'], platform: [], connections: 4 };

async function published(traits: { referrers?: boolean } = {}) {
  const server = await startRegistryServer(traits);
  const registry = openRegistry(server.name);
  onTestFinished(async () => void (await Promise.all([server.close(), registry.close()])));
  const to = [`${server.name}/o/q`];
  await publishCommand.run({ repository: to, layout: [layout], ...CHOSEN, push: true }, checkout.environment);
  const attest = async (
    options: Partial<Parameters<typeof attestCommand.run>[0]> = {},
    environment = builtBy('c'),
  ) => {
    const { value, ...result } = await attestCommand.run(
      { repository: to, layout: [layout], ...CHOSEN, ...options },
      environment,
    );
    return { ...result, plan: value as AttestPlan };
  };
  return { server, repository: registry.repository('o/q'), attest };
}

const digestOf = async (repository: Repository, tag: string) => (await repository.getManifest(tag)).digest;
/** Sorted: they are attached side by side, and arrive in any order. */
const kindsOf = async (repository: Repository, tag: string) =>
  (await repository.referrers(await digestOf(repository, tag)))
    .map(
      ({ artifactType, annotations }) => annotations?.['dev.sigstore.bundle.predicateType'] ?? artifactType,
    )
    .sort();
const lackingIn = ({ targets: [target] }: AttestPlan) =>
  target?.subjects.reduce((sum, { attach, sign }) => sum + attach.length + sign.length, 0);

const DOCUMENTS = ['application/vnd.cyclonedx+json', 'application/spdx+json', 'application/vnd.in-toto+json'];
const SIGNED = [
  'https://sigstore.dev/cosign/sign/v1',
  'https://cyclonedx.org/bom',
  'https://spdx.dev/Document',
  'https://slsa.dev/provenance/v1',
];

test('without --push nothing is changed', async () => {
  const { server, attest } = await published();
  const before = server.store.manifests.size;
  const { plan, text } = await attest();
  expect(lackingIn(plan)).toBeGreaterThan(0);
  expect(text).toContain('unsigned: no --key was given');
  expect(server.store.manifests.size).toBe(before);
});

test.each([{ referrers: true }, { referrers: false }])(
  'an image gets two bills of materials and its provenance, an index its provenance: %o',
  async (traits) => {
    const { repository, attest } = await published(traits);
    await attest({ push: true, unsigned: true });
    expect(await kindsOf(repository, 'x86_64-arm')).toEqual([...DOCUMENTS].sort());
    expect(await kindsOf(repository, 'arm-10.2.2')).toEqual([...DOCUMENTS.slice(2)].sort());
    const tag = referrersTag(await digestOf(repository, 'x86_64-arm'));
    expect((await repository.listTags()).includes(tag)).toBe(!traits.referrers);
    expect(lackingIn((await attest()).plan)).toBe(0);
  },
);

test('--push without a signer is refused, and nothing is sent; --unsigned is the way without', async () => {
  const { server, attest } = await published();
  const before = server.store.manifests.size;
  const { failure, text } = await attest({ push: true });
  expect(failure).toMatchObject({ code: 'SIGNER_MISSING', remedy: expect.stringContaining('--unsigned') });
  expect(text).toMatch(/^unsigned: /m);
  expect(server.store.manifests.size).toBe(before);
  expect((await attest({ push: true, unsigned: true })).failure).toBe(undefined);
  expect(server.store.manifests.size).toBeGreaterThan(before);
});

describe('with a key', () => {
  test('whatever a tag points at is signed, and all that is said of an image', async () => {
    const { repository, attest } = await published();
    const { text } = await attest({ push: true, key });
    expect(text).toMatch(/signed by key SHA256:\S{44}/);
    expect(await kindsOf(repository, 'x86_64-arm')).toEqual([...DOCUMENTS, ...SIGNED].sort());
    expect(await kindsOf(repository, 'arm-10.2.2')).toEqual(
      [...DOCUMENTS.slice(2), SIGNED[0], SIGNED[3]].sort(),
    );
  });

  test('an image that no tag points at is not signed itself: the index that lists it is', async () => {
    const { repository, attest } = await published();
    await attest({ push: true, key, tag: ['arm-10.2.2'] });
    expect(await kindsOf(repository, 'arm-10.2.2')).toContain(SIGNED[0]);
    // The index lists this image. Its tag is not among those that were asked for.
    expect(await kindsOf(repository, 'armv7l-arm')).toEqual([...DOCUMENTS, ...SIGNED.slice(1)].sort());
  });

  test('each image is reported when it has all, and every blob that a document names is there', async () => {
    const { server, attest } = await published();
    const events: string[] = [];
    const onEvent = (event: BuilderEvent) =>
      events.push(event.type === 'expected' ? `${event.count} ${event.unit}` : event.type);
    const { plan } = await attest({ push: true, key }, { ...builtBy('c'), onEvent });
    const count = plan.targets[0]?.subjects.length ?? 0;
    expect(count).toBeGreaterThan(1);
    expect(events.filter((event) => event.endsWith(' images'))).toEqual([`${count} images`]);
    expect(events.filter((event) => event === 'image-attested')).toHaveLength(count);
    for (const { bytes } of server.store.manifests.values()) {
      const { config, layers = [] } = JSON.parse(bytes.toString());
      for (const { digest } of [config, ...layers].filter((one) => one !== undefined))
        expect([...server.store.blobs.keys()]).toContain(`o/q@${digest}`);
    }
  });

  test('a document costs three requests, where clients keep the list', async () => {
    const { server, attest } = await published({ referrers: false });
    const { subjects } = (await attest({ key })).plan.targets[0] as { subjects: readonly object[] };
    const before = server.requests.length;
    const { plan } = await attest({ push: true, key });
    // Of an image: is it there, what refers to it (planned, at work, read back), and the list read, written, read.
    const others = 7 * subjects.length;
    // Whether the registry keeps lists itself, asked by the first few; and the config that all documents have.
    const once = CHOSEN.connections + 2;
    expect(server.requests.length - before).toBeLessThanOrEqual(3 * (lackingIn(plan) ?? 0) + others + once);
  });

  test('what a registry does not list is an error', async () => {
    const { server, attest } = await published();
    // An empty list from then on, whatever was filed.
    const body = JSON.stringify({
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.index.v1+json',
      manifests: [],
    });
    server.inject({ path: /referrers/, times: 999, fault: { kind: 'status', status: 200, body } });
    const { subjects } = (await attest({ key })).plan.targets[0] as {
      subjects: readonly { digest: string }[];
    };
    const error = await attest({ push: true, key }).catch((thrown) => thrown);
    expect(error.code).toBe('ATTESTATION_NOT_KEPT');
    const [headline, ...images] = error.message.split('\n  - ');
    expect(headline).toBe(`${server.name}/o/q does not list all that was attached to:`);
    expect(images.sort()).toEqual(subjects.map(({ digest }) => digest).sort());
  });

  test('a second run signs nothing again', async () => {
    const { server, attest } = await published();
    await attest({ push: true, key });
    const [before, asked] = [server.store.manifests.size, server.requests.length];
    const { plan } = await attest({ push: true, key });
    expect(lackingIn(plan)).toBe(0);
    expect(server.store.manifests.size).toBe(before);
    // Planned and at work; nothing was sent that could be read back.
    const lists = server.requests.slice(asked).filter(({ path }) => path.includes('/referrers/'));
    expect(lists).toHaveLength(2 * (plan.targets[0]?.subjects.length ?? 0));
  });

  test('what somebody else signed does not count', async () => {
    const { repository, attest } = await published();
    const other = join(folder, 'other.pem');
    await writeFile(other, newKey());
    await attest({ push: true, key: other });
    expect(lackingIn((await attest({ key })).plan)).toBeGreaterThan(0);
    await attest({ push: true, key });
    expect(await kindsOf(repository, 'x86_64-arm')).toEqual([...DOCUMENTS, ...SIGNED, ...SIGNED].sort());
  });
});

describe('what somebody else attached', () => {
  const BUNDLE = 'application/vnd.dev.sigstore.bundle.v0.3+json';
  const lost = { mediaType: BUNDLE, digest: `sha256:${'0'.repeat(64)}`, size: 7 };

  test.each<[string, unknown]>([
    ['no layers', {}],
    ['an empty list of layers', { layers: [] }],
    ['null for a layer', { layers: [null] }],
    ['a layer that is missing', { layers: [lost] }],
    ['a layer with a malformed digest', { layers: [{ ...lost, digest: 'sha256:../x' }] }],
    ['a layer that is too large', { layers: [{ ...lost, size: 5 << 20 }] }],
  ])('does not count, and does not stop the run: %s', async (_, fields) => {
    const { server, repository, attest } = await published();
    await attest({ push: true, key });
    const image = await digestOf(repository, 'x86_64-arm');
    const subject = { mediaType: 'application/vnd.oci.image.manifest.v1+json', digest: image, size: 1 };
    const manifest = { schemaVersion: 2, artifactType: BUNDLE, subject, ...(fields as object) };
    const bytes = Buffer.from(JSON.stringify(manifest));
    const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
    server.store.manifests.set(`o/q@${digest}`, { mediaType: subject.mediaType, bytes });
    expect((await repository.referrers(image)).map((one) => one.digest)).toContain(digest);
    expect(lackingIn((await attest({ key })).plan)).toBe(0);
  });
});

test('an image that is made again from another commit keeps its first provenance', async () => {
  const { attest } = await published();
  await attest({ push: true, key });
  expect(lackingIn((await attest({ key }, builtBy('d'))).plan)).toBe(0);
});

test('provenance names lock, commit and builder', async () => {
  const { repository, attest } = await published();
  await attest({ push: true, unsigned: true });
  const digest = await digestOf(repository, 'x86_64-arm');
  const [found] = await repository.referrers(digest, 'application/vnd.in-toto+json');
  const { layers } = JSON.parse(
    Buffer.from((await repository.getManifest(found?.digest ?? '')).bytes).toString(),
  );
  const chunks = [];
  for await (const chunk of repository.getBlob(layers[0])) chunks.push(chunk);
  const { subject, predicate } = JSON.parse(Buffer.concat(chunks).toString());
  expect(subject).toEqual([{ name: 'qemu-user-static', digest: { sha256: digest.replace('sha256:', '') } }]);
  const { externalParameters, resolvedDependencies } = predicate.buildDefinition;
  expect(externalParameters).toEqual({ channel: 'latest', platforms: ['linux/amd64'] });
  expect(resolvedDependencies.map(({ name, uri }: Record<string, string>) => name ?? uri)).toEqual([
    expect.stringMatching(`^git\\+https://.*@${'c'.repeat(40)}$`),
    'sources.lock.json',
    'Dockerfile.template',
    'qemu-user 1:11.1.3+ds-1 amd64',
    'busybox-static 1:1.38.0-3 amd64',
  ]);
  expect(predicate.runDetails.builder).toEqual({ id: 'https://example.org/machine' });
});

test('images that are not published are refused, and nothing is sent', async () => {
  const { server, attest } = await published();
  const before = server.store.manifests.size;
  const { failure } = await attest({ push: true, tag: ['aarch64'] });
  expect(failure).toMatchObject({ code: 'IMAGES_NOT_PUBLISHED' });
  expect(server.store.manifests.size).toBe(before);
});

test('a run that broke off is finished by the next', async () => {
  const { server, repository, attest } = await published();
  server.inject({
    method: 'PUT',
    path: /manifests/,
    skip: 4,
    times: 99,
    fault: { kind: 'status', status: 403 },
  });
  await expect(attest({ push: true, key })).rejects.toMatchObject({ code: 'REGISTRY_DENIED' });
  server.heal();
  await attest({ push: true, key });
  expect(await kindsOf(repository, 'x86_64-arm')).toEqual(expect.arrayContaining([...DOCUMENTS, ...SIGNED]));
});
