import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { HostPlatform } from '@qemu-user-static/arch-table';
import type { TestPackage } from '@qemu-user-static/debian-archive/testing';
import {
  emulatorPackagesOf,
  type Lock,
  type LockedChannel,
  type LockedPackage,
  type LockedPlatform,
  platformsOf,
  sourceKey,
} from '@qemu-user-static/lock';
import { RELEASE } from '@qemu-user-static/lock/testing';
import type { FetchedChannel } from '../build/build.ts';
import { extractShell } from '../build/extract.ts';
import { readContents } from '../build/package-contents.ts';
import type { PackageContents, Proof } from '../check/proof.ts';

/** A platform's packages. */
export interface MadePlatform {
  readonly platform: HostPlatform;
  readonly version: string;
  readonly guests?: readonly string[];
  readonly released?: string;
  readonly emulators: TestPackage;
  readonly shell: TestPackage;
}

/** A channel's made packages. */
export interface MadeChannel {
  readonly made: readonly MadePlatform[];
  readonly guestsFrom?: LockedChannel['guestsFrom'];
}

/** The lock over made packages of one channel, and the packages as fetched into a folder. */
export function lockMade(
  channel: string,
  made: readonly MadePlatform[],
  folder: string,
): Promise<{ lock: Lock; fetched: FetchedChannel[] }> {
  return lockChannels({ [channel]: { made } }, folder);
}

/** The lock over made packages, and the packages as fetched into a folder. */
export async function lockChannels(
  channels: Readonly<Record<string, MadeChannel>>,
  folder: string,
): Promise<{ lock: Lock; fetched: FetchedChannel[] }> {
  const all = Object.values(channels).flatMap(({ made }) => made);
  for (const { emulators, shell } of all)
    await Promise.all([emulators, shell].map((one) => writeFile(pathOf(folder, one.described), one.deb)));
  const lock: Lock = {
    schemaVersion: 4,
    channels: Object.fromEntries(
      Object.entries(channels).map(([channel, { made, guestsFrom = {} }]) => {
        const platforms = made.map((one) => [one.platform, lockedPlatform(one)]);
        return [channel, { release: RELEASE, guestsFrom, platforms: Object.fromEntries(platforms) }];
      }),
    ),
    common: ['aarch64'],
    sources: sourcesMade(all),
    rebuilds: {},
  };
  const fetched = Object.entries(lock.channels).map(([channel, locked]) => ({
    channel,
    platforms: platformsOf(locked).map(([platform, one]) => ({
      platform,
      locked: one,
      sources: lock.sources,
      packages: emulatorPackagesOf(lock, channel, platform).map((own) => ({
        ...own,
        deb: async () => pathOf(folder, own.locked),
      })),
      shellDeb: async () => pathOf(folder, one.shell),
    })),
  }));
  return { lock, fetched };
}

function lockedPlatform(made: MadePlatform): LockedPlatform {
  const { version, guests = [], released = '2026-10-30T08:08:01Z', emulators, shell } = made;
  return {
    version,
    released,
    emulators: lockedMade(emulators, 'usr/bin/qemu-{guest}'),
    guests: [...guests].sort(),
    shell: lockedMade(shell, 'usr/bin/busybox'),
  };
}

function pathOf(folder: string, { sha256 }: { readonly sha256: string }): string {
  return join(folder, sha256);
}

/** The reference for images of made packages. @param folder where the packages are */
export function proofMade(lock: Lock, template: string, script: string, folder: string): Proof {
  const known = new Map<string, Promise<PackageContents>>();
  const debOf = ({ sha256 }: LockedPackage) => join(folder, sha256);
  const packages: Proof['packages'] = {
    contentsOf: (locked) => {
      const contents = known.get(locked.sha256) ?? readContents(debOf(locked), locked);
      known.set(locked.sha256, contents);
      return contents;
    },
    shellOf: (locked, platform) => extractShell(debOf(locked), locked, platform),
  };
  return { lock, template, script, packages, memory: folder };
}

/** An entry for every source: it is Debian's, as is how it is named. */
function sourcesMade(made: readonly MadePlatform[]): Lock['sources'] {
  const described = made.flatMap(({ emulators, shell }) => [emulators.described, shell.described]);
  return Object.fromEntries(
    described.map(({ package: name, version }) => [
      sourceKey({ package: name, version }),
      { licenses: ['GPL-2+'], files: [{ path: `pool/main/${name}.dsc`, size: 9, sha256: '5'.repeat(64) }] },
    ]),
  );
}

/** A made package as the lock has it. */
export function lockedMade({ described }: TestPackage, files: string): LockedPackage {
  const source = { package: described.package, version: described.version };
  return { ...described, source, builtUsing: [], files };
}
