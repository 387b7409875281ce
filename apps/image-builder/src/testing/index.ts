export { attestCommand } from '../commands/attest.ts';
export { publishCommand } from '../commands/publish.ts';
export { sbomCommand } from '../commands/sbom.ts';
export type { Environment } from '../environment.ts';
export { type GitHubServer, startGitHub } from '../github/testing/server.ts';
export { type Lock, readLock, writeLock } from '../lock.ts';
export { type MadeCheckout, madeCheckout } from '../publish/testing/checkout.ts';
export type { AttestPlan } from '../supply-chain/attest.ts';
export { lockedMade, makeEmulators, makeShell } from './packages.ts';
