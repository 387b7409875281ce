import { createHash } from 'node:crypto';
import { type HostPlatform, host } from '@qemu-user-static/arch-table';
import type { Lock, LockedChannel, LockedPackage, LockedPlatform } from '../lock.ts';

/** A Release for tests. */
export const RELEASE: LockedChannel['release'] = {
  origin: 'Debian',
  suite: 'unstable',
  codename: 'sid',
  date: '2026-10-30T08:08:01Z',
  validUntil: null,
  expired: false,
  signedBy: 'A'.repeat(40),
};

/** A lock for tests: channels given as platform → QEMU version. */
export function lockOf(channels: Record<string, Partial<Record<HostPlatform, string>>>): Lock {
  return {
    schemaVersion: 4,
    channels: Object.fromEntries(
      Object.entries(channels).map(([channel, platforms]) => [
        channel,
        {
          release: RELEASE,
          guestsFrom: {},
          platforms: Object.fromEntries(
            Object.entries(platforms).map(([platform, version]) => [
              platform,
              lockedPlatform(platform as HostPlatform, version),
            ]),
          ),
        },
      ]),
    ),
    common: ['aarch64'],
    sources: {},
    rebuilds: {},
  };
}

function lockedPlatform(platform: HostPlatform, version: string): LockedPlatform {
  return {
    version,
    released: '2026-10-30T08:08:01Z',
    emulators: lockedPackage(platform, 'qemu-user', `1:${version}+ds-1`, 'usr/bin/qemu-{guest}'),
    guests: ['aarch64', 'arm'],
    shell: lockedPackage(platform, 'busybox-static', '1:1.38.0-3', 'usr/bin/busybox'),
  };
}

function lockedPackage(platform: HostPlatform, name: string, version: string, files: string): LockedPackage {
  const architecture = host(platform).debian;
  const source = { package: name, version };
  const path = `pool/main/${name}_${version}_${architecture}.deb`;
  return {
    package: name,
    version,
    architecture,
    source,
    builtUsing: [],
    path,
    size: 1,
    sha256: createHash('sha256').update(path).digest('hex'),
    files,
  };
}
