import { hash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { emulatorOf, type GuestName, type HostPlatform } from '@qemu-user-static/arch-table';
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
  /** Of this platform's own package. */
  readonly emulators: ReadonlyMap<GuestName, Emulator>;
}

export interface Emulator {
  readonly guest: GuestName;
  readonly file: string;
  readonly sha256: string;
}

/** Every emulator of a channel's own package, checked against the lock and unpacked into `folder`. */
export async function openColumn(
  lock: Lock,
  channel: string,
  platform: HostPlatform,
  folder: string,
): Promise<Column> {
  const [own] = emulatorPackagesOf(lock, channel, platform);
  if (own === undefined) throw new Error(`channel ${channel} of sources.lock.json has no ${platform}`);
  const { version, locked } = own;
  const emulators = await unpack(locked, platform, folder);
  return { channel, platform, version, debian: locked.version, emulators };
}

/** A column in which a file stands for the emulator of these guests: one that somebody has built, or broken. */
export async function withEmulator(
  column: Column,
  guests: readonly GuestName[],
  file: string,
): Promise<Column> {
  const sha256 = hash('sha256', await readFile(file));
  const own = guests.map((guest) => [emulatorOf(guest), { guest, file, sha256 }] as const);
  return { ...column, debian: file, emulators: new Map(own) };
}

async function unpack(
  locked: LockedPackage,
  platform: HostPlatform,
  folder: string,
): Promise<Map<GuestName, Emulator>> {
  const place = join(folder, 'emulators', locked.sha256.slice(0, 16));
  const key = memoKey([1, locked.sha256]);
  const kept = await recall<Emulator[]>({ folder }, `emulators-${locked.sha256}`, key);
  if (kept !== null && (await areThere(kept))) return byGuest(kept);
  await mkdir(place, { recursive: true });
  const found: Emulator[] = [];
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
  return byGuest(found);
}

const byGuest = (list: readonly Emulator[]) => new Map(list.map((one) => [one.guest, one]));

/** Whether the files are those that were checked. */
async function areThere(kept: readonly Emulator[]): Promise<boolean> {
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
