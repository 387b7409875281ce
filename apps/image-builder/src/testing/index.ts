export { type Lock, readLock, writeLock } from '../lock.ts';
export { lockedMade, makeEmulators, makeShell } from './packages.ts';
