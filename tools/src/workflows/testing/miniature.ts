import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { HostPlatform } from '@qemu-user-static/arch-table';
import {
  type Lock,
  lockedMade,
  makeEmulators,
  makeShell,
  readLock,
  writeLock,
} from '@qemu-user-static/image-builder/testing';

/** The guests of a miniature: a 32-bit one, which every host has, and one of 64 bits. */
const GUESTS = ['arm', 'aarch64'];

/** A lock with the channels, platforms and versions of another, over packages that are small and lie in a cache. */
export async function makeMiniature(lockFile: string, cache: string): Promise<Lock> {
  const lock = await readLock(lockFile);
  await mkdir(join(cache, 'sha256'), { recursive: true });
  const channels = await mapValues(lock.channels, async (channel) => ({
    ...channel,
    platforms: await mapValues(channel.platforms, async (locked, platform) => {
      const { version } = locked;
      const guests = platform === 'linux/arm/v7' && version.startsWith('10.') ? ['arm'] : GUESTS;
      const emulators = await makeEmulators(platform as HostPlatform, version, guests);
      const shell = await makeShell(platform as HostPlatform);
      for (const { deb, described } of [emulators, shell])
        await writeFile(join(cache, 'sha256', described.sha256), deb);
      return {
        ...locked,
        emulators: { ...locked.emulators, ...lockedMade(emulators, 'usr/bin/qemu-{guest}') },
        shell: { ...locked.shell, ...lockedMade(shell, 'usr/bin/busybox') },
      };
    }),
  }));
  const miniature: Lock = { ...lock, channels };
  await writeLock(lockFile, miniature);
  return miniature;
}

async function mapValues<T, R>(
  record: Readonly<Record<string, T>>,
  map: (value: T, key: string) => Promise<R>,
): Promise<Record<string, R>> {
  const entries = Object.entries(record).map(async ([key, value]) => [key, await map(value, key)] as const);
  return Object.fromEntries(await Promise.all(entries));
}
