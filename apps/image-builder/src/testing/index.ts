export { type GitHubServer, startGitHub } from '../github/testing/server.ts';
export { type Lock, readLock, writeLock } from '../lock.ts';
export { lockedMade, makeEmulators, makeShell } from './packages.ts';
