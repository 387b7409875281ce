import { chmod, chown, mkdir, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { onDisk } from './cache.ts';
import { cacheFolder, fetchFile } from './index.ts';
import { fetchKept } from './kept.ts';
import { requireOwnFolder } from './own-folder.ts';
import { type FetchSetup, file, prepareFetch } from './testing/fetching.ts';

describe('the cache folder', () => {
  test.each([
    ['/var/cache/me/qemu-user-static', { XDG_CACHE_HOME: '/var/cache/me', HOME: '/home/me' }],
    ['/home/me/.cache/qemu-user-static', { HOME: '/home/me' }],
    ['/home/me/.cache/qemu-user-static', { XDG_CACHE_HOME: '', HOME: '/home/me' }],
    ['/home/me/.cache/qemu-user-static', { XDG_CACHE_HOME: 'relative', HOME: '/home/me' }],
    [`${homedir()}/.cache/qemu-user-static`, {}],
  ])('is %s for %o', (folder, environment) => {
    expect(cacheFolder(environment)).toBe(folder);
  });
});

describe('the cache folder is refused, and nothing is asked for', () => {
  let setup: FetchSetup;

  beforeEach(async () => {
    setup = await prepareFetch();
  });

  const refused = async (work: Promise<unknown>, message: string) => {
    await expect(work).rejects.toMatchObject({
      code: 'CACHE_NOT_OWN',
      message: expect.stringContaining(message),
    });
    expect(setup.mirror.requests).toEqual([]);
  };

  test.each([0o770, 0o707, 0o720, 0o702, 0o1777])('if others may write to it: mode %o', async (mode) => {
    const { context } = setup;
    await chmod(context.cache, mode);
    await refused(fetchFile(file, context), `other users may write to ${context.cache} (mode `);
    await refused(fetchKept(context.mirror, context), `other users may write to ${context.cache} (mode `);
  });

  test('if others may write to a folder in it', async () => {
    const partial = join(setup.context.cache, 'partial');
    await mkdir(partial);
    await chmod(partial, 0o777);
    await refused(fetchFile(file, setup.context), `other users may write to ${partial}`);
  });

  test('if it belongs to another user', async () => {
    const { cache } = setup.context;
    const { uid } = await stat(cache);
    // Root's own would be accepted whoever asks.
    if (uid === 0) await chown(cache, 12345, -1);
    else runAs(uid + 1);
    await refused(fetchFile(file, setup.context), `${cache} belongs to the user ${uid === 0 ? 12345 : uid}`);
  });
});

const runAs = (uid: number) => {
  vi.spyOn(process, 'getuid').mockReturnValue(uid);
  onTestFinished(() => void vi.restoreAllMocks());
};

test("one's own folder is accepted", async () => {
  const { context } = await prepareFetch();
  const { uid } = await stat(context.cache);
  const self = uid || 12345;
  if (uid === 0) await chown(context.cache, self, -1);
  runAs(self);
  await expect(requireOwnFolder(context.cache)).resolves.toBeUndefined();
});

test("root's folder is as good as one's own", async () => {
  runAs(12345);
  await expect(requireOwnFolder('/usr')).resolves.toBeUndefined();
});

test('on systems without users, modes are not checked', async () => {
  const { context } = await prepareFetch();
  await chmod(context.cache, 0o777);
  const { getuid } = process;
  onTestFinished(() => void Object.assign(process, { getuid }));
  Object.assign(process, { getuid: undefined });
  await expect(requireOwnFolder(context.cache)).resolves.toBeUndefined();
});

test('a folder in the place of a file of the cache has a code, and nothing is downloaded', async () => {
  const { context, cached, mirror } = await prepareFetch();
  await mkdir(cached, { recursive: true, mode: 0o700 });
  await expect(fetchFile(file, context)).rejects.toMatchObject({ code: 'CACHE_UNUSABLE', message: cached });
  expect(mirror.requests).toEqual([]);
});

test.each([
  ['ENOSPC', 'DISK_FULL'],
  ['EDQUOT', 'DISK_FULL'],
  ['EROFS', 'CACHE_UNUSABLE'],
  ['EMFILE', 'RESOURCES_EXHAUSTED'],
])('%s of the disk is %s', async (code, expected) => {
  const failed = onDisk(Promise.reject(Object.assign(new Error(code), { code })), '/cache/x');
  await expect(failed).rejects.toMatchObject({ code: expected, message: '/cache/x', cause: { code } });
});

test('the cache folder is made so that no one else can look into it', async () => {
  const { context } = await prepareFetch();
  const cache = join(context.cache, 'made', 'cache');
  await fetchFile(file, { ...context, cache });
  for (const folder of [cache, join(cache, 'partial'), join(cache, 'sha256')]) {
    expect((await stat(folder)).mode & 0o777, folder).toBe(0o700);
  }
});
