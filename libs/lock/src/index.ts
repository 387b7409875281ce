export { describeChanges, type PackageChange, packageChanges, rebuilt, versionChange } from './changes.ts';
export { type EarlyPackage, earlyPackages } from './early.ts';
export { LOCK_ERRORS, LockError } from './errors.ts';
export type { LockEvent } from './events.ts';
export { guestOf } from './guests.ts';
export {
  formatLock,
  type Lock,
  type LockedChannel,
  type LockedPackage,
  type LockedPlatform,
  type LockedSource,
  parseLock,
  readLock,
  type SourceName,
  sortKeys,
  writeLock,
} from './lock.ts';
export {
  type EmulatorPackage,
  emulatorPackagesOf,
  guestVersions,
  lockedChannelOf,
  platformsOf,
  sourceKey,
} from './locked.ts';
export {
  compareQemuVersions,
  comparisonOf,
  fullVersion,
  notesOf,
  versionPrefixes,
} from './qemu-version.ts';
export { inputsOf, LAYERS_VERSION, recipeHash } from './rebuilds.ts';
export { parseSources, readSources, type SourceChannel, type Sources } from './sources.ts';
export { poolAddress, snapshotAddress, sourcesOf, sourcesText } from './sources-text.ts';
export {
  assertNotOlder,
  type FoundChannel,
  iso,
  keepUnchanged,
  lockChannel,
  lockOf,
  openChannel,
  settleChannel,
  type UpdateContext,
  update,
} from './update.ts';
