import { execFile } from 'node:child_process';
import { hash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { emulatorOf, type GuestName, type HostPlatform, host } from '@qemu-user-static/arch-table';
import {
  cacheFolder,
  fetchFile,
  type Http,
  openHttp,
  SNAPSHOT_SERVICE,
} from '@qemu-user-static/debian-archive';
import { memoKey, recall, remember } from '@qemu-user-static/files';
import { extractEmulators } from '@qemu-user-static/image-builder/emulators';
import { emulatorPackagesOf, type Lock, type LockedPackage } from '@qemu-user-static/lock';
import { aptMirror } from '../e2e/debian.ts';

/** The emulators that a channel has for a host platform: a column of the matrix. */
export interface Column {
  readonly channel: string;
  readonly platform: HostPlatform;
  /** QEMU's, as its makers write it. */
  readonly version: string;
  /** Debian's. */
  readonly debian: string;
  /** The file that stands for its emulators. */
  readonly emulator?: string;
  readonly emulators: ReadonlyMap<GuestName, Emulator>;
}

export interface Emulator extends Unpacked {
  /** The CPU that it is a program of. */
  readonly host: GuestName;
  /** What runs it; nothing if this machine does. */
  readonly by: Emulator | undefined;
}

interface Unpacked {
  readonly guest: GuestName;
  readonly file: string;
  readonly sha256: string;
}

/** Packages of emulators, and the name of their column. */
export interface EmulatorSource {
  readonly channel: string;
  readonly platform: HostPlatform;
  /** QEMU's, of the first package. */
  readonly version: string;
  /** The platform's own, then those from which it takes guests. */
  readonly packages: readonly [LockedPackage, ...LockedPackage[]];
}

/** What a channel's images have for a platform; nothing if they have none. */
export function sourceIn(lock: Lock, channel: string, platform: HostPlatform): EmulatorSource | undefined {
  const [own, ...others] = emulatorPackagesOf(lock, channel, platform);
  if (own === undefined) return undefined;
  return {
    ...{ channel, platform, version: own.version },
    packages: [own.locked, ...others.map(({ locked }) => locked)],
  };
}

/**
 * Every emulator of packages, checked against their hashes and unpacked into `folder`. A platform that is not this machine's
 * runs under the emulator of its CPU in the lock's `latest`.
 */
export async function openColumn(
  { channel, platform, version, packages }: EmulatorSource,
  lock: Lock,
  folder: string,
): Promise<Column> {
  const by = OWN_PLATFORMS.includes(platform) ? undefined : await emulatorFor(platform, lock, folder);
  const emulators = new Map<GuestName, Emulator>();
  for (const locked of packages)
    for (const one of await unpack(locked, platform, folder))
      if (!emulators.has(one.guest)) emulators.set(one.guest, { ...one, host: host(platform).cpu, by });
  return { channel, platform, version, debian: packages[0].version, emulators };
}

/** Whose programs this machine runs. */
const OWN_PLATFORMS: readonly HostPlatform[] = ['linux/amd64', 'linux/386'];

async function emulatorFor(platform: HostPlatform, lock: Lock, folder: string): Promise<Emulator> {
  const source = sourceIn(lock, 'latest', 'linux/amd64');
  const { emulators } = source ? await openColumn(source, lock, folder) : { emulators: undefined };
  const found = emulators?.get(emulatorOf(host(platform).cpu));
  if (found === undefined) throw new Error(`channel latest has no emulator for ${platform}`);
  return found;
}

/** A column in which a file stands for the emulator of these guests: one that somebody has built, or broken. */
export async function withEmulator(
  column: Column,
  guests: readonly GuestName[],
  file: string,
): Promise<Column> {
  const sha256 = hash('sha256', await readFile(file));
  const { cpu } = host(column.platform);
  const version = (await versionOf(file)) ?? column.version;
  const own = guests.map(
    (guest) => [emulatorOf(guest), { guest, file, sha256, host: cpu, by: undefined }] as const,
  );
  return { ...column, version, emulator: file, debian: file, emulators: new Map(own) };
}

/** What a program says of its version; nothing if it is no emulator that says one. */
async function versionOf(file: string): Promise<string | undefined> {
  const printed = await promisify(execFile)(file, ['--version'], { timeout: 10_000 }).catch(() => undefined);
  return /^qemu-\w+ version (\d+(?:\.\d+)+)/.exec(printed?.stdout ?? '')?.[1];
}

async function unpack(locked: LockedPackage, platform: HostPlatform, folder: string): Promise<Unpacked[]> {
  const place = join(folder, 'emulators', locked.sha256.slice(0, 16));
  const key = memoKey([1, locked.sha256]);
  const kept = await recall<Unpacked[]>({ folder }, `emulators-${locked.sha256}`, key);
  if (kept !== null && (await areThere(kept))) return kept;
  await mkdir(place, { recursive: true });
  const found: Unpacked[] = [];
  const deb = await withHttp(async (http) =>
    fetchFile(locked, {
      ...{ mirror: await aptMirror(), snapshot: SNAPSHOT_SERVICE },
      ...{ cache: cacheFolder(process.env), http },
    }),
  );
  for await (const entry of extractEmulators(deb, locked, platform)) {
    if (entry.kind !== 'emulator') continue;
    const file = join(place, `qemu-${entry.guest}`);
    await writeFile(`${file}.new`, entry.program, { mode: 0o755 });
    await rename(`${file}.new`, file);
    found.push({ guest: entry.guest, file, sha256: hash('sha256', entry.program) });
  }
  await remember({ folder }, `emulators-${locked.sha256}`, key, found);
  return found;
}

/** Whether the files are those that were checked. */
async function areThere(kept: readonly Unpacked[]): Promise<boolean> {
  for (const { file, sha256 } of kept)
    if (!existsSync(file) || hash('sha256', await readFile(file)) !== sha256) return false;
  return true;
}

async function withHttp<T>(work: (http: Http) => Promise<T>): Promise<T> {
  const http = openHttp(process.env);
  try {
    return await work(http);
  } finally {
    await http.close();
  }
}
