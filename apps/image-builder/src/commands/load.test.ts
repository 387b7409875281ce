import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { connectEngine, type Engine } from '@qemu-user-static/container-engine';
import { makeSmallLayout } from '@qemu-user-static/oci-image/testing';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { type Environment, openEnvironment } from './environment.ts';
import { command as loadCommand } from './load.ts';

vi.mock(import('@qemu-user-static/container-engine'), async (original) => ({
  ...(await original()),
  connectEngine: vi.fn<() => Promise<Engine>>(),
}));

const folder = await mkdtemp(join(tmpdir(), 'load-'));
let environment: Environment;
beforeAll(async () => {
  await makeSmallLayout(folder, [
    { os: 'linux', architecture: 'amd64' },
    { os: 'linux', architecture: 'arm64' },
  ]);
  environment = { ...(await openEnvironment({}, {}, () => undefined)), source: 'https://example.org/O/R' };
});
afterAll(async () => {
  await environment.close();
  await rm(folder, { recursive: true });
});

/** The archives that the engine gets. */
const loaded: string[] = [];
beforeEach(() => {
  loaded.length = 0;
});
const load = async (
  options: Partial<Parameters<typeof loadCommand.run>[0]>,
  platform: Engine['platform'],
) => {
  vi.mocked(connectEngine).mockResolvedValueOnce({
    description: 'Engine 1.0',
    platform,
    load: async (archive) => {
      loaded.push((await buffer(archive)).toString('latin1'));
      return '';
    },
  } satisfies Partial<Engine> as unknown as Engine);
  return loadCommand.run({ image: 'all', layout: folder, ...options }, environment);
};
const architectures = () => loaded.map((archive) => /"architecture":"(\w+)"/.exec(archive)?.[1]);

test('the image for the engine’s CPU is loaded under the name of the project', async () => {
  const { text, value } = await load({}, 'linux/arm64');
  expect(text).toBe('o/r:all for linux/arm64 is in Engine 1.0');
  expect(value).toMatchObject({ name: 'o/r:all', platform: 'linux/arm64', engine: 'Engine 1.0' });
  expect(architectures()).toEqual(['arm64']);
  expect(loaded[0]).toContain('"RepoTags":["o/r:all"]');
});

test('another platform and another name can be asked for', async () => {
  const { text } = await load({ platform: 'linux/amd64', name: 'mine' }, 'linux/arm64');
  expect(text).toBe('mine:all for linux/amd64 is in Engine 1.0');
  expect(architectures()).toEqual(['amd64']);
});

test.each([
  [{ image: 'none' }, 'linux/amd64', 'IMAGE_UNKNOWN'],
  [{}, 'linux/s390x', 'PLATFORM_NOT_IN_LAYOUT'],
  [{}, null, 'PLATFORM_NOT_IN_LAYOUT'],
] as const)('%j on %s is an error, and nothing is loaded', async (options, platform, code) => {
  await expect(load(options, platform)).rejects.toMatchObject({ code });
  expect(loaded).toEqual([]);
});
