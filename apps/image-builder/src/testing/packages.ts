import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { HostPlatform } from '@qemu-user-static/arch-table';
import type { TestPackage } from '@qemu-user-static/debian-archive/testing';
import { type Lock, type LockedPackage, sourceKey } from '@qemu-user-static/lock';
import { RELEASE } from '@qemu-user-static/lock/testing';
import type { FetchedChannel } from '../build/build.ts';
import { extractShell } from '../build/extract.ts';
import { readContents } from '../build/package-contents.ts';
import type { PackageContents, Proof } from '../check/proof.ts';

/** A platform's packages. */
export interface MadePlatform {
  readonly platform: HostPlatform;
  readonly version: string;
  readonly emulators: TestPackage;
  readonly shell: TestPackage;
}

/** The lock over made packages of one channel, and the packages as fetched into a folder. */
export async function lockMade(
  channel: string,
  made: readonly MadePlatform[],
  folder: string,
): Promise<{ lock: Lock; fetched: FetchedChannel[] }> {
  const sources = sourcesMade(made);
  const platforms = await Promise.all(
    made.map(async ({ platform, version, emulators, shell }) => {
      const locked = {
        version,
        released: '2026-10-30T08:08:01Z',
        emulators: lockedMade(emulators, 'usr/bin/qemu-{guest}'),
        shell: lockedMade(shell, 'usr/bin/busybox'),
      };
      return {
        platform,
        locked,
        sources,
        emulatorsDeb: await put(folder, emulators),
        shellDeb: await put(folder, shell),
      };
    }),
  );
  const lock: Lock = {
    schemaVersion: 2,
    channels: {
      [channel]: {
        release: RELEASE,
        platforms: Object.fromEntries(platforms.map(({ platform, locked }) => [platform, locked])),
      },
    },
    sources,
    rebuilds: {},
  };
  return { lock, fetched: [{ channel, platforms }] };
}

/** What images of made packages are compared with. @param folder where the packages are */
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

async function put(folder: string, { deb, described }: TestPackage): Promise<string> {
  const path = join(folder, described.sha256);
  await writeFile(path, deb);
  return path;
}

/** A made package as the lock has it. */
export function lockedMade({ described }: TestPackage, files: string): LockedPackage {
  const source = { package: described.package, version: described.version };
  return { ...described, source, builtUsing: [], files };
}
