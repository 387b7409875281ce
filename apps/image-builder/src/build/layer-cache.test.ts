import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFile,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as after } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { contextOf, type MadeRelease, madeRelease } from '../testing/made-release.ts';
import { build } from './build.ts';

/** `KILLS=20` takes longer and looks closer. */
const KILLS = Number(process.env.KILLS ?? 3);

const folder = await mkdtemp(join(tmpdir(), 'layer-cache-'));
afterAll(() => rm(folder, { recursive: true }));

let made: MadeRelease;
/** index.json of a build without a cache. */
let expected: string;
let cache: string;
beforeAll(async () => {
  made = await madeRelease(folder);
  expected = (await buildWith(join(folder, 'alone'))).index;
});
beforeEach(async () => {
  cache = join(folder, crypto.randomUUID());
  await buildWith(cache);
});

/** Builds into a new layout: what was made and not taken from the cache, and index.json. */
async function buildWith(from: string) {
  const events: string[] = [];
  const output = join(folder, crypto.randomUUID());
  const { layout } = await build(made.lock, made.fetched, {
    ...contextOf(output),
    cache: from,
    onEvent: (event) => events.push(event.type === 'note' ? event.text : event.type),
  });
  const index = await readFile(join(output, 'index.json'), 'utf8');
  const count = (type: string) => events.filter((one) => one === type).length;
  const notes = events.filter((one) => one.includes(' '));
  const reused = count('layers-reused');
  return { layout, index, made: count('emulator-done') + count('layers-joined'), reused, notes };
}

const blobs = () => join(cache, 'layers', 'sha256');

/** The layers in the cache. */
async function layers(): Promise<string[]> {
  return (await readdir(blobs())).map((name) => join(blobs(), name));
}

test('a new layout has every layer from the cache, and the same documents', async () => {
  expect(await buildWith(cache)).toMatchObject({ index: expected, made: 0, reused: 3, notes: [] });
  // It is the user's alone.
  expect(((await stat(join(cache, 'layers'))).mode & 0o777).toString(8)).toBe('700');
});

test('the first build makes everything, and takes nothing from an earlier one', async () => {
  const { made, reused } = await buildWith(join(folder, crypto.randomUUID()));
  // Five emulators; all of each of three hosts; the common ones of the two that have any.
  expect([made, reused]).toEqual([10, 0]);
});

test('what nothing names is removed when a build ends', async () => {
  const stray = join(blobs(), 'a'.repeat(64));
  await writeFile(stray, 'of another time');
  await buildWith(cache);
  expect(await layers()).not.toContain(stray);
});

test('on one file system a layer is there once', async () => {
  const { layout } = await buildWith(cache);
  const [own = ''] = await layers();
  const there = await stat(join(layout.folder, 'blobs', 'sha256', own.slice(blobs().length + 1)));
  const { ino, nlink } = await stat(own);
  expect([ino === there.ino, there.nlink === nlink]).toEqual([true, true]);
});

describe('damage is found before it is used, and repaired:', () => {
  test.each<[string, (path: string) => Promise<unknown>]>([
    ['a flipped byte', flip],
    ['a cut file', async (path) => truncate(path, (await stat(path)).size - 1)],
    ['a longer file', (path) => appendFile(path, 'x')],
    ['no file', rm],
    [
      'a folder in its place',
      async (path) => {
        await rm(path);
        await mkdir(join(path, 'more'), { recursive: true });
      },
    ],
    [
      'a link in its place',
      async (path) => {
        await rm(path);
        await symlink('/dev/zero', path);
      },
    ],
  ])('%s', async (_, damage) => {
    for (const path of await layers()) await damage(path);
    const next = await buildWith(cache);
    expect(next.index).toBe(expected);
    expect(next.made).toBeGreaterThan(0);
    expect(await buildWith(cache)).toMatchObject({ index: expected, made: 0 });
  });

  test.each<[string, (text: string) => string]>([
    ['half a memo', () => '{"key":'],
    ['a memo with another name of a field', (text) => text.replace('"blobs"', '"clobs"')],
    // It is in the documents, and no blob has it for a name.
    ['a memo with another digest', (text) => text.replace(/"diffId":"sha256:../, '"diffId":"sha256:00')],
  ])('%s', async (_, damage) => {
    const memos = join(cache, 'layers', '.memo');
    for (const name of await readdir(memos))
      await writeFile(join(memos, name), damage(await readFile(join(memos, name), 'utf8')));
    expect((await buildWith(cache)).index).toBe(expected);
    expect(await buildWith(cache)).toMatchObject({ index: expected, made: 0 });
  });

  test('a file of a layout that was written into, which is the cache’s too', async () => {
    const { layout } = await buildWith(cache);
    for (const name of await readdir(join(layout.folder, 'blobs', 'sha256')))
      await appendFile(join(layout.folder, 'blobs', 'sha256', name), 'x');
    expect((await buildWith(cache)).index).toBe(expected);
    const repaired = await build(made.lock, made.fetched, { ...contextOf(layout.folder), cache });
    expect(await readFile(join(repaired.layout.folder, 'index.json'), 'utf8')).toBe(expected);
  });
});

test('a build writes into no file that is there', async () => {
  const { layout } = await buildWith(cache);
  const before = await contents(blobs());
  for (const name of await readdir(join(layout.folder, 'blobs', 'sha256')))
    await rm(join(layout.folder, 'blobs', 'sha256', name));
  await build(made.lock, made.fetched, { ...contextOf(layout.folder), cache: join(folder, 'another') });
  expect(await contents(blobs())).toEqual(before);
});

test('a folder of another program is left as it is, and layers are made without', async () => {
  const foreign = join(folder, crypto.randomUUID());
  await mkdir(join(foreign, 'layers', 'sha256'), { recursive: true });
  await writeFile(join(foreign, 'layers', 'sha256', 'a'.repeat(64)), 'theirs');
  const { index, notes } = await buildWith(foreign);
  expect([index, notes.length]).toEqual([expected, 1]);
  expect(notes[0]).toContain('does not have its mark');
  expect(await readdir(join(foreign, 'layers'), { recursive: true })).toEqual([
    'sha256',
    `sha256/${'a'.repeat(64)}`,
  ]);
});

test('two runs at once may share it', async () => {
  await rm(cache, { recursive: true });
  const runs = await Promise.all([buildWith(cache), buildWith(cache)]);
  expect(runs.map(({ index }) => index)).toEqual([expected, expected]);
  expect(await buildWith(cache)).toMatchObject({ index: expected, made: 0 });
});

test('where no folder can be made, layers are made without, and a note says so', async () => {
  const file = join(folder, 'file');
  await writeFile(file, '');
  const { index, notes } = await buildWith(join(file, 'cache'));
  expect([index, notes.length]).toEqual([expected, 1]);
  expect(notes[0]).toContain('layers are not kept in');
});

const NAMESPACE = ['--user', '--map-root-user', '--mount'];
const canMount = spawnSync('unshare', [...NAMESPACE, 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt']).status === 0;

describe.skipIf(!canMount)('a cache that cannot be written (user namespace)', () => {
  /** In a process of its own, after a command of the shell that has the cache as $1. */
  const buildAfter = async (command: string) => {
    const program = join(import.meta.dirname, '../testing/build-once.ts');
    const words = [program, folder, join(folder, crypto.randomUUID()), cache];
    const script = [...NAMESPACE, 'sh', '-c', `${command} && shift && exec "$@"`, 'sh', cache];
    const child = spawn('unshare', [...script, process.execPath, ...words]);
    const [index, events] = await Promise.all([text(child.stdout), text(child.stderr)]);
    return { index, events: events.trim().split('\n') };
  };

  test('is of use where it is read-only', async () => {
    const { index, events } = await buildAfter('mount --bind "$1" "$1" && mount -o remount,ro,bind "$1"');
    expect(index).toBe(expected);
    expect(events).not.toContain('emulator-done');
    // What came from it need not be kept in it.
    expect(events.filter((event) => event.startsWith('layers are not kept in'))).toEqual([]);
  });

  test('is done without where it is full', async () => {
    const { index, events } = await buildAfter('mount -t tmpfs -o size=8k tmpfs "$1"');
    expect(index).toBe(expected);
    expect(events).toContain('emulator-done');
    // Once, and not for each of the layers that come after.
    expect(events.filter((event) => event.startsWith('layers are not kept in'))).toHaveLength(1);
  });
});

test(`killed at ${KILLS} moments, the next run gives the same layout and leaves nothing over`, {
  timeout: KILLS * 30_000,
}, async () => {
  const program = join(import.meta.dirname, '../testing/build-once.ts');
  for (let kill = 0; kill < KILLS; kill++) {
    await rm(cache, { recursive: true, force: true });
    const output = join(folder, `killed-${kill}`);
    const child = spawn(process.execPath, [program, folder, output, cache], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const ended = once(child, 'exit');
    // At an event of its own, which differs from time to time.
    let heard = 0;
    for await (const events of child.stderr) {
      heard += String(events).split('\n').length - 1;
      if (heard <= kill % 8) continue;
      await after(Math.random() * 5);
      child.kill('SIGKILL');
    }
    await ended;
    const next = await build(made.lock, made.fetched, { ...contextOf(output), cache });
    expect(await readFile(join(next.layout.folder, 'index.json'), 'utf8')).toBe(expected);
    const left = (await readdir(cache, { recursive: true })).filter((name) => name.includes('.partial-'));
    expect(left).toEqual([]);
  }
});

test('blobs that were taken are named: each was hashed', async () => {
  const { layout } = await buildWith(cache);
  const output = join(folder, crypto.randomUUID());
  const again = await build(made.lock, made.fetched, { ...contextOf(output), cache });
  const taken = (await layers()).map((path) => `sha256:${path.slice(blobs().length + 1)}`);
  expect([...again.sound].sort()).toEqual(taken.sort());
  expect(again.blobs.size).toBe((await readdir(join(layout.folder, 'blobs', 'sha256'))).length);
});

async function flip(path: string): Promise<void> {
  const bytes = await readFile(path);
  bytes[100] = (bytes[100] ?? 0) ^ 1;
  await writeFile(path, bytes);
}

async function contents(path: string): Promise<Record<string, string>> {
  const names = (await readdir(path)).sort();
  return Object.fromEntries(
    await Promise.all(
      names.map(async (name) => [name, (await readFile(join(path, name))).toString('base64')]),
    ),
  );
}
