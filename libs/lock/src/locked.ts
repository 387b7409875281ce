import type { HostPlatform } from '@qemu-user-static/arch-table';
import { LockError } from './errors.ts';
import type { Lock, LockedChannel, LockedPlatform, SourceName } from './lock.ts';

// What is where in the lock. Apart from its schema, which takes long to load, and which only its readers need.

/** A channel of the lock. @throws LockError CHANNEL_UNKNOWN */
export function lockedChannelOf(lock: Lock, name: string): LockedChannel {
  const channel = lock.channels[name];
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

/** Under what the lock's `sources` has a source package: `qemu 1:11.1.3+ds-1`. */
export function sourceKey({ package: name, version }: SourceName): string {
  return `${name} ${version}`;
}
