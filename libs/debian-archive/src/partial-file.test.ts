import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import {
  type FileHandle,
  link,
  lstat,
  mkdir,
  open,
  readFile,
  rm,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, join } from 'node:path';
import { openFiles } from '@qemu-user-static/files/testing';
import { beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { fetchFile } from './index.ts';
import { body, type FetchSetup, file, PATH, prepareFetch, sha256 } from './testing/fetching.ts';
import { stallsAfter } from './testing/server.ts';

let setup: FetchSetup;

beforeEach(async () => {
  setup = await prepareFetch();
});

describe('two downloads of one file at once', () => {
  test('in one process do not harm each other', async () => {
    setup.faults(setup.dropsAfter(100_000), setup.dropsAfter(200_000));
    await Promise.all([
      fetchFile(file, setup.context),
      fetchFile(file, setup.context),
      fetchFile(file, setup.context),
    ]);
    await setup.expectFetched();
  });

  test('in two processes, one of which is killed, do not harm each other; the next continues its part', async () => {
    setup.faults(stallsAfter(123_456));
    const script = `
      import { fetchFile, openHttp } from ${JSON.stringify(join(import.meta.dirname, 'index.ts'))};
      await fetchFile(${JSON.stringify(file)}, {
        mirror: new URL(${JSON.stringify(setup.context.mirror)}), snapshot: new URL('http://127.0.0.1:1/'),
        cache: ${JSON.stringify(setup.context.cache)}, http: openHttp({}),
        onEvent: ({ received }) => received === 123456 && console.log('there'),
      });`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(child, 'spawn');
    await once(child.stdout, 'data');
    // While it lives its part is left alone.
    await fetchFile(file, { ...setup.context });
    expect(setup.mirror.requests).toEqual([`GET ${PATH}`, `GET ${PATH}`]);
    expect(await setup.partials()).toEqual([
      expect.stringContaining(`${sha256}@${hostname()}@${child.pid}@`),
    ]);

    child.kill('SIGKILL');
    await once(child, 'exit');
    await writeFile(setup.cached, 'damaged');
    await setup.expectFetched();
    expect(setup.mirror.requests.at(-1)).toBe(`GET ${PATH} bytes=123456-`);
  });
});

describe('the beginning that another machine left in a shared cache', () => {
  const name = `${sha256}@another-host@1@abc`;
  const leave = async (age: number) => {
    const path = join(setup.context.cache, 'partial', name);
    await mkdir(join(setup.context.cache, 'partial'));
    await writeFile(path, body.subarray(0, 777));
    await utimes(path, new Date(), new Date(Date.now() - age));
  };

  test('is left alone as long as it may still grow', async () => {
    await leave(60_000);
    await fetchFile(file, setup.context);
    expect(setup.mirror.requests).toEqual([`GET ${PATH}`]);
    expect(await setup.partials()).toEqual([name]);
  });

  test('is continued once it has not grown for an hour', async () => {
    await leave(3_700_000);
    await setup.expectFetched();
    expect(setup.mirror.requests).toEqual([`GET ${PATH} bytes=777-`]);
  });

  test('is removed with all others once the file is there', async () => {
    await leave(3_700_000);
    await writeFile(join(setup.context.cache, 'partial', sha256), body.subarray(0, 5));
    await setup.expectFetched();
  });
});

test('the beginning of another file is left alone', async () => {
  const other = join(setup.context.cache, 'partial', '0'.repeat(64));
  await mkdir(join(setup.context.cache, 'partial'));
  await writeFile(other, 'another');
  await fetchFile(file, setup.context);
  expect(setup.mirror.requests).toEqual([`GET ${PATH}`]);
  expect(await readFile(other, 'utf8')).toBe('another');
});

describe('a file under the name of a beginning', () => {
  const prepare = async () => {
    const partial = join(setup.context.cache, 'partial');
    await mkdir(partial);
    const mine = join(setup.context.cache, 'mine');
    await writeFile(mine, 'precious');
    return { mine, planted: join(partial, sha256) };
  };

  test('that is a symbolic link is not followed', async () => {
    const { mine, planted } = await prepare();
    await symlink(mine, planted);
    await setup.expectFetched();
    expect(await readFile(mine, 'utf8')).toBe('precious');
    expect((await lstat(setup.cached)).isFile()).toBe(true);
    expect(setup.mirror.requests).toEqual([`GET ${PATH}`]);
  });

  test('that is another name of a file is not written to', async () => {
    const { mine, planted } = await prepare();
    await link(mine, planted);
    await setup.expectFetched();
    expect(await readFile(mine, 'utf8')).toBe('precious');
    expect(setup.mirror.requests).toEqual([`GET ${PATH}`]);
  });

  test('that is a named pipe is not waited for', async () => {
    const { planted } = await prepare();
    expect(spawnSync('mkfifo', [planted]).status).toBe(0);
    await setup.expectFetched();
    expect(setup.mirror.requests).toEqual([`GET ${PATH}`]);
  });

  test.each(['0', '-1', 'x', ''])('that names the process "%s" of this machine is continued', async (pid) => {
    const { planted } = await prepare();
    await writeFile(`${planted}@${hostname()}@${pid}@abc`, body.subarray(0, 777));
    await setup.expectFetched();
    expect(setup.mirror.requests).toEqual([`GET ${PATH} bytes=777-`]);
  });

  test.each(['EPERM', undefined])('that a process which runs may still write is left: %s', async (code) => {
    const { planted } = await prepare();
    const name = `${planted}@${hostname()}@7@abc`;
    await writeFile(name, body.subarray(0, 777));
    const asked = vi.spyOn(process, 'kill').mockImplementation(() => {
      // Another user's process may not be sent a signal.
      if (code !== undefined) throw Object.assign(new Error(code), { code });
      return true;
    });
    onTestFinished(() => asked.mockRestore());
    await fetchFile(file, setup.context);
    expect(asked).toHaveBeenCalledWith(7, 0);
    expect(await setup.partials()).toEqual([basename(name)]);
    asked.mockImplementation(() => {
      throw Object.assign(new Error('ESRCH'), { code: 'ESRCH' });
    });
    await rm(setup.cached);
    await setup.expectFetched();
    expect(setup.mirror.requests.at(-1)).toBe(`GET ${PATH} bytes=777-`);
  });
});

test('a file is on the disk before it has its name in the cache, and is closed then', async () => {
  const handle = await open(join(setup.context.cache, 'any'), 'wx');
  const { sync } = Object.getPrototypeOf(handle) as FileHandle;
  const before: boolean[] = [];
  const synced = vi.spyOn(Object.getPrototypeOf(handle), 'sync').mockImplementation(async function (
    this: FileHandle,
  ) {
    before.push(existsSync(setup.cached));
    return sync.call(this);
  });
  onTestFinished(() => synced.mockRestore());
  await handle.close();
  await setup.expectFetched();
  expect(before).toEqual([false]);
  expect((await openFiles()).filter((path) => path.startsWith(setup.context.cache))).toEqual([]);
});
