import { execFile, spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { HOST_PLATFORMS, type HostPlatform, host } from '@qemu-user-static/arch-table';
import { readLock } from '@qemu-user-static/lock';
import { readIndex } from '@qemu-user-static/oci-image';
import {
  type Certificates,
  hasDockerRegistry,
  hasOpenssl,
  makeCertificates,
  startDockerRegistry,
  startRegistryServer,
} from '@qemu-user-static/oci-registry/testing';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { PublishPlan } from '../publish/plan.ts';
import { gateFile, HUNG } from '../testing/gates.ts';
import { type MadeCheckout, madeCheckout } from '../testing/made-checkout.ts';
import { command as publishCommand } from './publish.ts';

const run = promisify(execFile);
const hasSkopeo = spawnSync('skopeo', ['--version']).status === 0;
const folder = await mkdtemp(join(tmpdir(), 'publish-command-'));
let checkout: MadeCheckout;
let whole: string;

beforeAll(async () => {
  checkout = await madeCheckout(folder, { REGISTRY_USERNAME: 'me', REGISTRY_PASSWORD: 'hunter2' });
  whole = await checkout.build('whole');
});
afterAll(async () => {
  await checkout.environment.close();
  await rm(folder, { recursive: true, force: true });
});

const publish = (to: string[], options: Partial<Parameters<typeof publishCommand.run>[0]> = {}) =>
  publishCommand.run(
    { repository: to, layout: [whole], platform: [], tag: [], connections: 4, ...options },
    checkout.environment,
  );
const planOf = ({ value }: { value?: unknown }) => value as PublishPlan;

async function registry() {
  const server = await startRegistryServer();
  onTestFinished(() => server.close());
  return server;
}

test('without --push only the plan is made and printed', async () => {
  const server = await registry();
  const result = await publish([`${server.name}/o/q`]);
  expect(result.text).toMatch(/o\/q +\d+ upload +\d+ +\d+ +\d+ create/);
  expect(server.store.blobs.size + server.store.manifests.size + server.store.uploads.size).toBe(0);
});

test('with --push the references that can be pinned are printed', async () => {
  const server = await registry();
  const { text } = await publish([`${server.name}/o/q`], { tag: ['latest', 'latest-*', 'arm'], push: true });
  const references = text.split('\n').filter((line) => line.includes('@sha256:'));
  expect(references).toEqual([expect.stringMatching(`^${server.name}/o/q:latest@sha256:[0-9a-f]{64}$`)]);
});

test('a repository named twice is filled once', async () => {
  const server = await registry();
  const plan = planOf(await publish([`${server.name}/o/q`, `${server.name}/o/q`]));
  expect(plan.targets).toHaveLength(1);
});

test('--tag chooses tags', async () => {
  const server = await registry();
  await publish([`${server.name}/o/q`], { tag: ['11.1.3*', 'latest'], push: true });
  const tags = [...server.store.tags.keys()].map((key) => key.split(':').at(-1)).sort();
  expect(tags).toEqual([
    ...['11.1.3', '11.1.3-1', '11.1.3-1-gzip', '11.1.3-1-zstd', '11.1.3-gzip', '11.1.3-zstd'],
    'latest',
  ]);
});

describe('the gate', () => {
  const verdict = async (name: string, failures = [HUNG]) =>
    gateFile(join(folder, name), await readLock(checkout.environment.paths.lock), failures);

  test('lets versions through where a case fails that passed before, and holds every tag that moves', async () => {
    const server = await registry();
    const to = [`${server.name}/o/q`];
    const key = 'o/q:latest';
    await publish(to, { tag: ['register'], push: true });
    server.store.tags.set(key, server.store.tags.get('o/q:register') ?? '');
    const before = server.store.tags.get(key);
    const { failure, value } = await publish(to, { gate: [await verdict('fails.json')], push: true });
    expect(failure).toBe(undefined);
    expect(value).toMatchObject({ held: expect.arrayContaining(['latest', '11', 'aarch64']) });
    expect(server.store.tags.get(key)).toBe(before);
    const tags = [...server.store.tags.keys()].map((one) => one.split(':').at(-1) ?? '');
    expect(tags).toEqual(expect.arrayContaining(['11.1.3', '11.1.3-1', 'aarch64-11.1.3-1', '10.2.2-1']));
    const held = ['11.1', '11', 'common', 'aarch64', 'x86_64-aarch64', 'latest-zstd'];
    expect(tags.filter((tag) => held.includes(tag))).toEqual([]);
    const notes = checkout.events.flatMap((event) => (event.type === 'note' ? event.text : []));
    expect(notes.at(-1)).toContain('guest aarch64, arm64 static, case threads: hang: not ended after 90 s');
    expect(notes.at(-1)).toMatch(/\nso these tags stay as they are: latest, latest-gzip, latest-zstd, /);

    // Accepted by now.
    const plan = planOf(await publish(to, { gate: [await verdict('accepted.json', [])], push: true }));
    expect(server.store.tags.get(key)).not.toBe(before);
    expect(plan.targets[0]?.tags.filter(({ action }) => action === 'refuse')).toEqual([]);
    expect(plan.targets[0]?.tags.find(({ tag }) => tag === '11.1.3-1')?.action).toBe('leave');
  });

  test('moves everything where nothing fails', async () => {
    const server = await registry();
    await publish([`${server.name}/o/q`], { gate: [await verdict('fine.json', [])], push: true });
    expect(server.store.tags.has('o/q:latest')).toBe(true);
  });

  test('sends nothing without a verdict on the channel', async () => {
    const server = await registry();
    const gate = [join(folder, 'missing.json')];
    await expect(publish([`${server.name}/o/q`], { gate, push: true })).rejects.toMatchObject({
      code: 'GATE_UNREADABLE',
    });
    expect(server.store.tags.size).toBe(0);
  });
});

test('a tag that never moves is refused, after the plan was printed, and nothing is sent', async () => {
  const server = await registry();
  const empty = 'sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a';
  server.store.manifests.set(`o/q@${empty}`, { mediaType: 'application/json', bytes: Buffer.from('{}') });
  server.store.tags.set('o/q:11.1.3-1', empty);
  const result = await publish([`${server.name}/o/q`], { push: true });
  expect(result.failure).toMatchObject({ code: 'TAG_IMMUTABLE' });
  expect(result.text).toMatch(/refuse +11\.1\.3-1 +sha256:44136fa355b3/);
  expect(checkout.events.at(-1)).toEqual({ type: 'note', text: 'nothing was sent' });
  expect(server.store.blobs.size).toBe(0);
});

test.each([
  ['ghcr.io/o/q:latest', [], 'without a tag'],
  ['127.0.0.1:1/o/q', ['beta*'], 'no tag is like beta*'],
])('wrong usage: %s %j', async (to, tag, message) => {
  await expect(publish([to], { tag })).rejects.toMatchObject({
    code: 'USAGE',
    message: expect.stringContaining(message),
  });
});

describe.skipIf(!hasDockerRegistry || !hasOpenssl)(
  'layouts of three machines, two registries (docker-registry)',
  () => {
    let certificates: Certificates;
    const names: string[] = [];
    const closing: (() => Promise<void>)[] = [];
    beforeAll(async () => {
      certificates = makeCertificates(folder);
      const locked = await startDockerRegistry({ htpasswd: true, tls: certificates.server });
      const open = await startDockerRegistry();
      names.push(locked.name, open.name);
      closing.push(locked.close, open.close);
    });
    afterAll(async () => {
      await Promise.all(closing.map((close) => close()));
    });

    test('get all images, one of them with a password and a private authority', async () => {
      const platforms: HostPlatform[] = ['linux/amd64', 'linux/arm64', 'linux/arm/v7'];
      const from = await Promise.all(
        platforms.map((platform) => checkout.build(platform.replaceAll('/', '-'), [platform])),
      );
      const to = names.map((name) => `${name}/o/q`);
      const first = await publish(to, { layout: from, push: true, ca: certificates.ca });
      const layout = await readIndex({ folder: whole });
      expect(planOf(first).targets.map(({ tags }) => tags.length)).toEqual([
        layout.manifests.length,
        layout.manifests.length,
      ]);
      const again = planOf(await publish(to, { push: true, ca: certificates.ca }));
      expect(again.targets.map(({ bytes }) => bytes)).toEqual([0, 0]);
      expect(`${first.text}${JSON.stringify([first, checkout.events])}`).not.toContain('hunter2');
    });

    test.skipIf(!hasSkopeo).each(HOST_PLATFORMS.filter((name) => /amd64|arm/.test(name)))(
      'skopeo reads latest for %s, with the digest of the layout (skopeo)',
      async (platform) => {
        const { architecture, variant } = host(platform);
        const to = join(folder, `pulled-${architecture}`);
        await run('skopeo', [
          '--insecure-policy',
          `--override-arch=${architecture}`,
          `--override-variant=${variant ?? ''}`,
          'copy',
          '--src-tls-verify=false',
          `docker://${names[1]}/o/q:latest`,
          `oci:${to}:latest`,
        ]);
        const { stdout } = await run('skopeo', [
          'inspect',
          '--raw',
          '--tls-verify=false',
          `docker://${names[1]}/o/q:latest`,
        ]);
        const { manifests } = JSON.parse(stdout);
        const [wanted] = manifests.filter(
          ({ platform: one }: { platform: { architecture: string; variant?: string } }) =>
            one.architecture === architecture && one.variant === variant,
        );
        expect((await readIndex({ folder: to })).manifests[0]?.digest).toBe(wanted.digest);
      },
    );

    test.skipIf(!hasSkopeo).each(['latest', 'latest-gzip', 'latest-zstd'])(
      'skopeo copies the whole of %s with its digest (skopeo)',
      async (tag) => {
        const to = join(folder, `copied-${tag}`);
        await run('skopeo', [
          ...['--insecure-policy', 'copy', '--all', '--preserve-digests', '--src-tls-verify=false'],
          ...[`docker://${names[1]}/o/q:${tag}`, `oci:${to}:${tag}`],
        ]);
        const [copied] = (await readIndex({ folder: to })).manifests;
        const published = (await readIndex({ folder: whole })).manifests.find(
          ({ annotations }) => annotations?.['org.opencontainers.image.ref.name'] === tag,
        );
        expect(copied?.digest).toBe(published?.digest);
      },
    );
  },
);
