import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFile,
  cp,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ROOT } from './repository.ts';

// Runs `release` on Debian's packages: on one core and on two, with the cache of layers cold, warm, damaged, read-only,
// full and shared, and killed at random moments, packages not yet there. Each run that was left alone must succeed with
// the same index.json, and leave nothing half-written.
//
//   node tools/src/release-faults.ts [KILLS] [PLATFORM]

const [kills = '20', platform = 'linux/loong64'] = process.argv.slice(2);
const main = join(ROOT, 'apps/image-builder/src/main.js');
const NAMESPACE = ['unshare', '--user', '--map-root-user', '--mount', 'sh', '-euc'];

const work = await mkdtemp(join(tmpdir(), 'release-faults-'));
const layers = (cache: string) => join(cache, 'layers');

function start(cache: string, output: string, before: readonly string[] = []) {
  const words = ['release', '--quiet', '--platform', platform, '--cache', cache, '--output', output];
  const [program = '', ...rest] = [...before, process.execPath, main, ...words];
  return spawn(program, rest, { stdio: ['ignore', 'ignore', 'inherit'] });
}

async function indexOf(child: ReturnType<typeof start>, output: string): Promise<string> {
  const [status] = await once(child, 'exit');
  if (status !== 0) throw new Error(`a run that was left alone ended with status ${status}`);
  return readFile(join(output, 'index.json'), 'utf8');
}

/** A new layout from a cache. */
async function make(cache: string, before: readonly string[] = []): Promise<string> {
  const output = join(work, crypto.randomUUID());
  const index = await indexOf(start(cache, output, before), output);
  await rm(output, { recursive: true });
  return index;
}

async function hold(
  what: string,
  run: () => Promise<string>,
  expected: string,
  folder: string,
): Promise<void> {
  const begun = performance.now();
  const same = (await run()) === expected;
  const seconds = ((performance.now() - begun) / 1000).toFixed(1);
  const left = (await readdir(folder, { recursive: true })).filter((name) =>
    /\.partial-|\.writer|\.tmp/.test(name),
  );
  process.stdout.write(
    `${what}: ${same ? 'the same' : 'ANOTHER'} index.json, ${left.length} left over, ${seconds} s\n`,
  );
  if (!same || left.length > 0) throw new Error(`${what}: ${left.join(', ')}`);
}

/** A new cache with the packages, and with what it has of layers unless the layers are to be made. */
async function copyOf(cache: string, withLayers: boolean): Promise<string> {
  const copy = join(work, crypto.randomUUID());
  await cp(cache, copy, { recursive: true, mode: 0, preserveTimestamps: true });
  if (!withLayers) await rm(layers(copy), { recursive: true, force: true });
  return copy;
}

async function damage(cache: string, alter: (path: string) => Promise<unknown>): Promise<void> {
  const blobs = join(layers(cache), 'sha256');
  for (const name of await readdir(blobs)) await alter(join(blobs, name));
}

const DAMAGES: Readonly<Record<string, (path: string) => Promise<unknown>>> = {
  'a flipped byte in each layer': async (path) => {
    const bytes = await readFile(path);
    const middle = bytes.length >> 1;
    bytes[middle] = (bytes[middle] ?? 0) ^ 1;
    await writeFile(path, bytes);
  },
  'each layer cut': async (path) => truncate(path, (await stat(path)).size - 1),
  'each layer longer': (path) => appendFile(path, 'x'),
  'a folder in place of each layer': async (path) => {
    await rm(path);
    await mkdir(join(path, 'more'), { recursive: true });
  },
};

/** What the kernel makes of the folder of layers, which is $0, before the run. */
const KERNEL: Readonly<Record<string, string>> = {
  'layers read-only': 'mount --bind "$0" "$0"; mount -o remount,ro,bind "$0"; exec "$@"',
  'layers on a full disk': 'mount -t tmpfs -o size=1m tmpfs "$0"; exec "$@"',
};

try {
  const cache = join(work, 'cache');
  const begun = performance.now();
  const expected = await make(cache);
  const duration = performance.now() - begun;
  process.stdout.write(`everything cold: ${(duration / 1000).toFixed(1)} s\n`);
  const check = (what: string, folder: string, before: readonly string[] = []) =>
    hold(what, () => make(folder, before), expected, folder);

  await check('one core, layers cold', await copyOf(cache, false), ['taskset', '--cpu-list', '0']);
  await check('all cores, layers cold', await copyOf(cache, false));
  await check('one core, layers warm', cache, ['taskset', '--cpu-list', '0']);
  await check('all cores, layers warm', cache);
  for (const [what, alter] of Object.entries(DAMAGES)) {
    const damaged = await copyOf(cache, true);
    await damage(damaged, alter);
    await check(what, damaged);
    await rm(damaged, { recursive: true });
  }
  for (const [what, script] of Object.entries(KERNEL))
    await check(what, cache, [...NAMESPACE, script, layers(cache)]);
  const shared = await copyOf(cache, false);
  const two = async () => {
    const [one, other] = await Promise.all([make(shared), make(shared)]);
    return one === other ? one : 'two runs that differ';
  };
  await hold('two runs at once, layers cold', two, expected, shared);

  for (let kill = 1; kill <= Number(kills); kill++) {
    const folder = join(work, `killed-${kill}`);
    const places = [join(folder, 'cache'), join(folder, 'oci')] as const;
    const killed = start(...places);
    const ended = once(killed, 'exit');
    const moment = Math.random() * duration;
    await Promise.race([sleep(moment), ended]);
    killed.kill('SIGKILL');
    await ended;
    const what = `${kill} of ${kills}, killed after ${(moment / 1000).toFixed(1)} s`;
    await hold(what, () => indexOf(start(...places), places[1]), expected, folder);
    await rm(folder, { recursive: true });
  }
} finally {
  await rm(work, { recursive: true, force: true });
}
