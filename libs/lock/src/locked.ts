import { emulatorOf, GUEST_NAMES, type GuestName, type HostPlatform } from '@qemu-user-static/arch-table';
import { LockError } from './errors.ts';
import type { Lock, LockedChannel, LockedPackage, LockedPlatform, SourceName } from './lock.ts';

// Finds the parts of a lock. Apart from its schema, which takes long to load and which only its readers need.

/** A channel of the lock. @throws LockError CHANNEL_UNKNOWN */
export function lockedChannelOf(lock: Lock, name: string): LockedChannel {
  const channel = Object.hasOwn(lock.channels, name) ? lock.channels[name] : undefined;
  if (channel === undefined) {
    const known = Object.keys(lock.channels).join(', ');
    throw new LockError('CHANNEL_UNKNOWN', `no channel "${name}" in the lock, which has ${known}`);
  }
  return channel;
}

/** The platforms of a channel, in the lock's order. */
export function platformsOf(channel: Pick<LockedChannel, 'platforms'>): [HostPlatform, LockedPlatform][] {
  return Object.entries(channel.platforms) as [HostPlatform, LockedPlatform][];
}

/** A package that the images of a platform have emulators from. */
export interface EmulatorPackage {
  readonly locked: LockedPackage;
  /** QEMU's, as its makers write it. */
  readonly version: string;
  /** Date of the signed Release that first had it. */
  readonly released: string;
  /** Of the suite that it is from. */
  readonly codename: string;
}

/**
 * The packages of a platform's emulators: its own, then those of other channels. A guest is of the first that has it.
 * @throws LockError CHANNEL_UNKNOWN
 */
export function emulatorPackagesOf(lock: Lock, channel: string, platform: HostPlatform): EmulatorPackage[] {
  return sourcesOfGuests(lock, channel, platform).map(({ release, locked }) => {
    const { emulators, version, released } = locked;
    return { locked: emulators, version, released, codename: release.codename };
  });
}

/**
 * QEMU's version of each guest that a channel has for a platform, in the table's order; those are left out that the
 * table lacks, or that another guest's emulator runs.
 * @throws LockError CHANNEL_UNKNOWN
 */
export function guestVersions(lock: Lock, channel: string, platform: HostPlatform): Map<GuestName, string> {
  const sources = sourcesOfGuests(lock, channel, platform);
  const guests = GUEST_NAMES.filter((guest) => emulatorOf(guest) === guest);
  return new Map(
    guests.flatMap((guest) => {
      const found = sources.find(({ locked }) => locked.guests.includes(guest));
      return found === undefined ? [] : [[guest, found.locked.version] as const];
    }),
  );
}

function sourcesOfGuests(lock: Lock, channel: string, platform: HostPlatform) {
  const others = lockedChannelOf(lock, channel).guestsFrom[platform] ?? [];
  return [channel, ...others].flatMap((name) => {
    const { release, platforms } = lockedChannelOf(lock, name);
    const locked = platforms[platform];
    return locked === undefined ? [] : [{ release, locked }];
  });
}

/** Under what the lock's `sources` has a source package: `qemu 1:11.1.3+ds-1`. */
export function sourceKey({ package: name, version }: SourceName): string {
  return `${name} ${version}`;
}
