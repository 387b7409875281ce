import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectEngine, type Engine, EngineError } from '@qemu-user-static/container-engine';
import { makeSmallLayout } from '@qemu-user-static/oci-image/testing';
import { beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { smokeWhereItCan } from './smoke-stage.ts';

vi.mock(import('@qemu-user-static/container-engine'), async (original) => ({
  ...(await original()),
  connectEngine: vi.fn<() => Promise<Engine>>(),
}));

const notes: string[] = [];
beforeEach(() => {
  notes.length = 0;
});

/** The stage on an engine, or on none for the reason given. */
async function stageOn(engine: Partial<Engine> | Error, requireSmoke: boolean) {
  const folder = await mkdtemp(join(tmpdir(), 'smoke-stage-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const layout = await makeSmallLayout(folder, [{ os: 'linux', architecture: 'amd64' }]);
  vi.mocked(connectEngine).mockImplementationOnce(async () => {
    if (engine instanceof Error) throw engine;
    return engine as Engine;
  });
  return smokeWhereItCan(layout, { channels: ['all', 'one'], requireSmoke }, (event) => {
    if (event.type === 'note') notes.push(event.text);
  });
}

const unreachable = new EngineError('ENGINE_UNREACHABLE', 'no container engine answers: ENOENT');
/** Of a CPU that no image is for. */
const strange: Partial<Engine> = { description: 'Engine 1.0', platform: null };

/** One that takes every image. */
const LOADING: Partial<Engine> = {
  description: 'Engine 1.0',
  platform: 'linux/amd64',
  load: async (archive) => {
    for await (const _ of archive);
    return '';
  },
  removeImage: async () => undefined,
};

describe('where nothing can be tried', () => {
  test.each([
    ['without an engine', unreachable, 'no container engine answers: ENOENT'],
    ['on a CPU that is not of a host', strange, 'Engine 1.0 is not one of the host platforms'],
  ])('%s: it is a note', async (_, engine, reason) => {
    expect(await stageOn(engine, false)).toEqual([]);
    expect(notes).toEqual([`smoke: not tried on a container engine: ${reason}`]);
  });

  test.each([
    ['without an engine', unreachable, 'ENGINE_UNREACHABLE'],
    ['on a CPU that is not of a host', strange, 'SMOKE_IMPOSSIBLE'],
  ])('%s: it is an error where it is required', async (_, engine, code) => {
    await expect(stageOn(engine, true)).rejects.toMatchObject({ code });
    expect(notes).toEqual([]);
  });
});

test.each([
  [
    'an image that does not work',
    { code: 'SMOKE_FAILED' },
    async () => ({ code: 1, stdout: '', stderr: 'no' }),
  ],
  [
    'an image that the engine does not load',
    { code: 'ENGINE_REFUSED' },
    () => Promise.reject(new EngineError('ENGINE_REFUSED', 'full')),
  ],
  ['a bug', { message: 'a bug' }, () => Promise.reject(new TypeError('a bug'))],
])('%s is an error, required or not', async (_, expected, run) => {
  await expect(stageOn({ ...LOADING, run }, false)).rejects.toMatchObject(expected);
  expect(notes).toEqual([]);
});

test('every channel is tried, one after the other', async () => {
  const ran: string[] = [];
  const engine: Partial<Engine> = {
    ...LOADING,
    run: async ({ words: [first = ''] }) => {
      ran.push(first);
      return { code: 0, stdout: first === '--status' ? '{"entries":[]}' : '', stderr: '' };
    },
  };
  const reports = await stageOn(engine, true);
  expect(reports.map(({ tag }) => tag)).toEqual(['all', 'one']);
  const words = ['--help', '--status', '--reset', '--verify', '--uninstall', '--status'];
  expect(ran).toEqual([...words, ...words]);
});
