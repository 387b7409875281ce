import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readLock } from '@qemu-user-static/lock';
import { blobPath, type Digest, readIndex } from '@qemu-user-static/oci-image';
import {
  afterAll,
  afterEach,
  beforeAll,
  beforeEach,
  describe,
  expect,
  type MockInstance,
  test,
  vi,
} from 'vitest';
import type { BuildInputs } from '../build/inputs.ts';
import { buildInputs } from '../commands/environment.ts';
import type { BuilderEvent } from '../report/events.ts';
import { type MadeCheckout, madeCheckout } from '../testing/made-checkout.ts';
import { type ReleaseOptions, release } from './pipeline.ts';
import { recallStamps, rememberStamps } from './stamps.ts';

const folder = await mkdtemp(join(tmpdir(), 'pipeline-'));
let checkout: MadeCheckout;
let inputs: BuildInputs;
const events: BuilderEvent[] = [];
beforeAll(async () => {
  // No engine is there: the smoke test is left out.
  vi.stubEnv('DOCKER_HOST', `unix://${folder}/no-engine.sock`);
  checkout = await madeCheckout(folder);
  inputs = { ...(await buildInputs(checkout.environment)), onEvent: (event) => events.push(event) };
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await checkout.environment.close();
  await rm(folder, { recursive: true, force: true });
});
beforeEach(() => {
  events.length = 0;
});

const output = join(folder, 'oci');
const run = async (change: Partial<ReleaseOptions> = {}, onEvent = inputs.onEvent) =>
  release(
    await readLock(checkout.environment.paths.lock),
    {
      ...{ channels: ['latest'], platforms: ['linux/amd64'], compressions: ['gzip'] },
      ...{ output, requireSmoke: false, ...change },
    },
    { ...inputs, onEvent },
  );
const stages = () => events.flatMap((event) => (event.type === 'stage' ? [event.stage] : []));
const count = (type: string) => events.filter((event) => event.type === type).length;

test('a release fetches, builds, checks and tries, in this order, and sums up what it made', async () => {
  const { tags, platforms, check, smoke } = await run();
  expect(stages()).toEqual(['fetch', 'build', 'check', 'smoke']);
  expect(events).toContainEqual({ type: 'expected', unit: 'platforms', count: 1 });
  const { manifests } = await readIndex({ folder: output });
  expect(tags.map(({ digest }) => digest)).toEqual(manifests.map(({ digest }) => digest));
  expect(platforms.map(({ platform }) => platform)).toEqual(['linux/amd64']);
  expect(check.tags).toBe(tags.length);
  expect(smoke).toEqual([]);
  expect(count('layer-checked')).toBeGreaterThan(0);
  expect(events.at(-2)).toMatchObject({ type: 'note', text: expect.stringMatching(/^smoke: not tried/) });
});

test('again it makes and reads nothing, but finds a blob that was damaged meanwhile', async () => {
  await run();
  events.length = 0;
  await run();
  expect([count('emulator-done'), count('layers-joined'), count('layer-checked')]).toEqual([0, 0, 0]);
  const [name = ''] = await readdir(join(output, 'blobs', 'sha256'));
  const path = blobPath({ folder: output }, `sha256:${name}`);
  const bytes = await readFile(path);
  await writeFile(path, Buffer.alloc(bytes.length));
  await run();
  expect(count('blob-damaged')).toBe(1);
  expect(await readFile(path)).toEqual(bytes);
});

describe('the next run', () => {
  const LATER = Date.now() + 10_000;
  const memory = () => inputs.archive.cache;
  const trustedIn = async (layout: string) =>
    [...(await recallStamps({ folder: layout }, memory())).keys()].sort();
  const blobsIn = async (layout: string) =>
    (await readdir(join(layout, 'blobs', 'sha256'))).map((name): Digest => `sha256:${name}`).sort();
  let clock: MockInstance<typeof Date.now>;
  beforeEach(() => {
    clock = vi.spyOn(Date, 'now');
  });
  afterEach(() => clock.mockRestore());

  test('trusts the blobs that this one made, and does not read them', async () => {
    const made = join(folder, 'made');
    clock.mockReturnValue(LATER);
    await run({ output: made });
    expect(await trustedIn(made)).toEqual(await blobsIn(made));

    // As if it had these bytes when it was hashed: only who reads it again notices.
    const [digest = 'sha256:'] = await blobsIn(made);
    await writeFile(blobPath({ folder: made }, digest), 'damaged');
    const trusted = await recallStamps({ folder: made }, memory());
    await rememberStamps({ folder: made }, memory(), trusted, [{ digests: [digest], since: LATER }]);
    await run({ output: made });
    expect(count('blob-damaged')).toBe(0);
  });

  test('does not trust those that this one read, and that may have changed before the check', async () => {
    const read = join(folder, 'read');
    clock.mockReturnValue(0);
    await run({ output: read });
    expect(await trustedIn(read)).toEqual([]);
    await run({ output: read }, (event) => {
      if (event.type === 'stage' && event.stage === 'build') clock.mockReturnValue(LATER);
    });
    expect(await trustedIn(read)).toEqual([]);
  });
});

test('where it has to be tried on an engine, that none answers is an error, after the check', async () => {
  await expect(run({ requireSmoke: true })).rejects.toMatchObject({ code: 'ENGINE_UNREACHABLE' });
  expect(stages()).toEqual(['fetch', 'build', 'check', 'smoke']);
});

describe('before anything is fetched', () => {
  test.each<[string, Partial<ReleaseOptions>, string]>([
    ['a channel', { channels: ['beta'] }, 'CHANNEL_UNKNOWN'],
    ['a platform', { platforms: ['linux/riscv64'] }, 'PLATFORM_UNAVAILABLE'],
  ])('%s that the lock does not have is refused, and no folder is made', async (_, change, code) => {
    const none = join(folder, 'none');
    await expect(run({ ...change, output: none })).rejects.toMatchObject({ code });
    expect(stages()).toEqual([]);
    expect(await readdir(folder)).not.toContain('none');
  });

  test('a folder of somebody else is refused, and left as it is', async () => {
    const theirs = join(folder, 'theirs');
    await mkdir(theirs);
    await writeFile(join(theirs, 'thesis.tex'), 'mine');
    await expect(run({ output: theirs })).rejects.toMatchObject({ code: 'FOLDER_FOREIGN' });
    expect(stages()).toEqual([]);
    expect(await readdir(theirs)).toEqual(['thesis.tex']);
  });
});
