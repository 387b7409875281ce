import { readFile } from 'node:fs/promises';
import { formatLock, type Lock, parseLock } from '@qemu-user-static/lock';

// Prints sources.lock.json as it would be had `latest` stayed with Debian's stable release: an older state, real to the
// last hash, from which `track` has something to find.
//
//   node apps/image-builder/src/testing/older-lock.ts > CHECKOUT/sources.lock.json

/** The lock with another channel's packages as those of `latest`. */
export function olderLock(lock: Lock): Lock {
  const { stable } = lock.channels;
  if (stable === undefined) throw new RangeError('the lock has no channel stable');
  return { ...lock, channels: { ...lock.channels, latest: stable } };
}

if (import.meta.main) {
  const path = new URL('../../../../sources.lock.json', import.meta.url);
  process.stdout.write(formatLock(olderLock(parseLock(await readFile(path, 'utf8')))));
}
