import { readFile } from 'node:fs/promises';
import { formatLock, type Lock, parseLock } from '@qemu-user-static/lock';

// Prints sources.lock.json as it would be had `latest` stayed with Debian's stable release: an older state, real to the
// last hash, from which `track` has something to find.
//
//   node apps/image-builder/src/testing/older-lock.ts > CHECKOUT/sources.lock.json

/** The lock with another channel's packages as those of `latest`. */
export function olderLock(lock: Lock): Lock {
  const { stable, latest } = lock.channels;
  if (stable === undefined || latest === undefined) throw new RangeError('the lock lacks stable or latest');
  // The Release stays that of latest: stable's may be newer than what the mirror has of sid.
  return { ...lock, channels: { ...lock.channels, latest: { ...stable, release: latest.release } } };
}

if (import.meta.main) {
  const path = new URL('../../../../sources.lock.json', import.meta.url);
  process.stdout.write(formatLock(olderLock(parseLock(await readFile(path, 'utf8')))));
}
