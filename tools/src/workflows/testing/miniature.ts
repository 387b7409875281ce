import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { GuestName, HostPlatform } from '@qemu-user-static/arch-table';
import { lockedMade } from '@qemu-user-static/image-builder/testing';
import { type Lock, readLock, writeLock } from '@qemu-user-static/lock';
import { makeEmulators, makeShell } from '@qemu-user-static/lock/testing';
import { $ } from 'zx';
import { cloneInto } from '../checkout.ts';

/** The guests of a miniature: one that every host has, for each image has documents to attest. */
const GUESTS: GuestName[] = ['arm'];

/**
 * Clones this repository, with a commit more: a lock of the same channels, platforms and versions over packages that
 * are small and lie in a cache.
 */
export async function makeMiniature(folder: string, cache: string): Promise<void> {
  await cloneInto(folder);
  const lockFile = join(folder, 'sources.lock.json');
  await writeLock(lockFile, await shrink(await readLock(lockFile), cache));
  const author = ['-c', 'user.name=test', '-c', 'user.email=test@example.org'];
  await $`git -C ${folder} ${author} commit --quiet --all --message miniature`.quiet();
}

async function shrink(lock: Lock, cache: string): Promise<Lock> {
  await mkdir(join(cache, 'sha256'), { recursive: true });
  const channels = await mapValues(lock.channels, async (channel) => ({
    ...channel,
    platforms: await mapValues(channel.platforms, async (locked, platform) => {
      const { version } = locked;
      const { package: name } = locked.emulators;
      const emulators = await makeEmulators(platform as HostPlatform, version, GUESTS, [], name);
      const shell = await makeShell(platform as HostPlatform);
      for (const { deb, described } of [emulators, shell])
        await writeFile(join(cache, 'sha256', described.sha256), deb);
      return {
        ...locked,
        guests: GUESTS,
        emulators: { ...locked.emulators, ...lockedMade(emulators, 'usr/bin/qemu-{guest}') },
        shell: { ...locked.shell, ...lockedMade(shell, 'usr/bin/busybox') },
      };
    }),
  }));
  return { ...lock, channels };
}

async function mapValues<T, R>(
  record: Readonly<Record<string, T>>,
  map: (value: T, key: string) => Promise<R>,
): Promise<Record<string, R>> {
  const entries = Object.entries(record).map(async ([key, value]) => [key, await map(value, key)] as const);
  return Object.fromEntries(await Promise.all(entries));
}
