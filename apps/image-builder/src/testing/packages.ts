import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type HostPlatform, host } from '@qemu-user-static/arch-table';
import { makePackage, type TestFile, type TestPackage } from '@qemu-user-static/debian-archive/testing';
import type { FetchedChannel } from '../build/build.ts';
import type { Lock, LockedPackage } from '../lock.ts';
import { sourceKey } from '../locked.ts';
import { RELEASE } from './lock.ts';
import { makeProgram } from './program.ts';

/** What a made emulator prints for any arguments: what Debian's print for `--version`. */
export function versionLine(guest: string, version: string): string {
  return `qemu-${guest} version ${version} (Debian 1:${version}+ds-1)\nCopyright\n`;
}

/** A package of emulators, as Debian's qemu-user: programs, links to them, a licence text, other files. */
export function makeEmulators(
  platform: HostPlatform,
  version: string,
  guests: readonly string[],
  more: readonly TestFile[] = [],
): Promise<TestPackage> {
  const programs = guests.map((guest) => ({
    path: `./usr/bin/qemu-${guest}`,
    body: makeProgram(platform, versionLine(guest, version)),
    header: { mode: 0o755 },
  }));
  const files: TestFile[] = [
    { path: './usr/share/doc/qemu-user/README.Debian', body: 'read me' },
    { path: './usr/share/doc/qemu-user/copyright', body: `licences of QEMU ${version}` },
    { path: './usr/bin/qemu-arm64', header: { type: 'symlink', linkname: 'qemu-aarch64' } },
  ];
  return makePackage(
    { package: 'qemu-user', version: `1:${version}+ds-1`, architecture: host(platform).debian },
    [...programs, ...files, ...more],
  );
}

export function makeShell(platform: HostPlatform): Promise<TestPackage> {
  return makePackage(
    { package: 'busybox-static', version: '1:1.38.0-3', architecture: host(platform).debian },
    [
      { path: './usr/bin/busybox', body: makeProgram(platform, 'busybox'), header: { mode: 0o755 } },
      { path: './usr/share/doc/busybox-static/copyright', body: 'licences of BusyBox' },
    ],
  );
}

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
