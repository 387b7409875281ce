import { type HostPlatform, host } from '@qemu-user-static/arch-table';
import {
  ArchiveError,
  type ArchiveKey,
  type FetchContext,
  fetchPackageIndex,
  type IndexedPackage,
  openSuite,
  parseVersion,
  type Release,
  type Suite,
} from '@qemu-user-static/debian-archive';
import { LockError } from './errors.ts';
import type { LockEvent } from './events.ts';
import { guestsIn } from './guests.ts';
import {
  assertChannelReadable,
  assertReadable,
  type Lock,
  type LockedChannel,
  type LockedPackage,
  type LockedPlatform,
  sortKeys,
} from './lock.ts';
import { lockSources } from './lock-sources.ts';
import { qemuVersionOf } from './qemu-version.ts';
import { numberRebuilds, recipeHash } from './rebuilds.ts';
import type { SourceChannel, Sources } from './sources.ts';

export interface UpdateContext
  extends Pick<FetchContext, 'mirror' | 'snapshot' | 'cache' | 'http' | 'signal'> {
  /** Whose signature a Release must have. */
  readonly keys: readonly ArchiveKey[];
  readonly now: Date;
  readonly acceptExpired: boolean;
  /** Number the builds of every version from 1 again: nothing was published under the numbers before. */
  readonly restartRebuilds?: boolean;
  /** Text of Dockerfile.template. */
  readonly template: string;
  /** The register program. */
  readonly script: string;
  readonly onEvent: (event: LockEvent) => void;
}

/**
 * The lock that sources.json gives today: every package followed up to the archive's signature. A platform
 * whose packages are those of the lock before keeps its date, a channel that did not change its Release, so
 * that nothing moves in the images unless something moved in Debian.
 */
export async function update(sources: Sources, before: Lock | null, context: UpdateContext): Promise<Lock> {
  const found: Record<string, FoundChannel> = {};
  for (const [name, wanted] of Object.entries(sources.channels)) {
    const channel = await lockChannel(name, wanted, sources.origin, before, context);
    found[name] = settleChannel(name, before, channel);
  }
  return lockOf(found, sources, before, context);
}

/** A channel, and of the lock's sources those that it needs. */
export type FoundChannel = LockedChannel & Pick<Lock, 'sources'>;

/** The lock of these channels. @throws LockError LOCK_UNREADABLE */
export function lockOf(
  found: Readonly<Record<string, FoundChannel>>,
  { common }: Pick<Lock, 'common'>,
  before: Lock | null,
  { template, script, restartRebuilds }: Pick<UpdateContext, 'template' | 'script' | 'restartRebuilds'>,
): Lock {
  const channels: Lock['channels'] = {};
  const sources: Lock['sources'] = {};
  for (const [name, { sources: known, ...channel }] of Object.entries(found)) {
    channels[name] = channel;
    Object.assign(sources, known);
  }
  const made = { channels, common, sources };
  const numbered = restartRebuilds ? {} : (before?.rebuilds ?? {});
  const rebuilds = numberRebuilds(made, recipeHash(template, script), numbered);
  const lock: Lock = { schemaVersion: 4, ...made, rebuilds };
  assertReadable(lock);
  return lock;
}

/** What is the same as before keeps its dates. @throws LockError RELEASE_OLDER */
export function settleChannel(name: string, before: Lock | null, found: FoundChannel): FoundChannel {
  const earlier = before?.channels[name];
  const { sources, ...channel } = found;
  assertNotOlder(name, earlier, channel.release.date);
  return { ...keepUnchanged(earlier === undefined ? [] : [earlier], channel), sources };
}

/**
 * A channel as the archive has it, under its codename first. A mirror in the middle of an update has the newer Release
 * there without all of its indexes, and under the suite's own name still the one before, whole.
 */
export async function lockChannel(
  name: string,
  wanted: SourceChannel,
  origin: Sources['origin'],
  before: Lock | null,
  context: UpdateContext,
): Promise<FoundChannel> {
  const { suite, codename } = wanted;
  const lockUnder = async (folder: string) => {
    const opened = await openChannel(wanted, origin, context, folder);
    const { signedBy, expired } = opened.release;
    context.onEvent({ type: 'release-verified', channel: name, codename, signedBy, expired });
    const platforms = await lockPlatforms(opened, wanted, before?.channels[name], context);
    const sources = await lockSources(opened, platforms, before?.sources ?? {}, context);
    const channel = { release: lockRelease(opened.release), platforms, guestsFrom: wanted.guestsFrom };
    assertChannelReadable(name, channel);
    return { ...channel, sources };
  };
  try {
    return await lockUnder(codename);
  } catch (error) {
    if (!(error instanceof ArchiveError) || error.code !== 'FILE_GONE') throw error;
    context.onEvent({
      type: 'note',
      text: `${name}: the mirror is being updated: ${error.message}; asking for ${suite}`,
    });
    return lockUnder(suite);
  }
}

/** The suite of a channel, its Release verified. @param folder under `dists/`: codename or suite */
export function openChannel(
  { suite, codename }: SourceChannel,
  origin: Sources['origin'],
  context: UpdateContext,
  folder = codename,
): Promise<Suite> {
  return openSuite(context.mirror, { origin, suite, codename }, context, folder);
}

async function lockPlatforms(
  suite: Suite,
  wanted: SourceChannel,
  before: LockedChannel | undefined,
  context: UpdateContext,
): Promise<LockedChannel['platforms']> {
  const platforms: Partial<Record<HostPlatform, LockedPlatform>> = {};
  for (const platform of wanted.platforms) {
    const names = [wanted.emulators.package, wanted.shell.package];
    const index = await fetchPackageIndex(suite, host(platform).debian, names);
    const emulators = lockPackage(index.get(wanted.emulators.package), wanted.emulators.files);
    const then = before?.platforms[platform];
    const isSame = then?.emulators.sha256 === emulators.sha256 && then.emulators.files === emulators.files;
    platforms[platform] = {
      version: qemuVersionOf(parseVersion(emulators.version).upstream),
      released: iso(suite.release.date),
      emulators,
      // A package is half a gigabyte unpacked: it is read once.
      guests: isSame ? then.guests : await guestsIn(emulators, context),
      shell: lockPackage(index.get(wanted.shell.package), wanted.shell.files),
    };
  }
  return platforms;
}

/** A Release that is older than the one before is refused: signatures do not show that a fix is held back. */
export function assertNotOlder(name: string, before: LockedChannel | undefined, date: string): void {
  if (before !== undefined && Date.parse(date) < Date.parse(before.release.date)) {
    throw new LockError(
      'RELEASE_OLDER',
      `${name}: the mirror’s Release is of ${date}, the lock’s of ${before.release.date}`,
    );
  }
}

function lockRelease({
  origin,
  suite,
  codename,
  date,
  validUntil,
  expired,
  signedBy,
}: Release): LockedChannel['release'] {
  return {
    origin,
    suite,
    codename,
    date: iso(date),
    validUntil: validUntil === null ? null : iso(validUntil),
    expired,
    signedBy,
  };
}

/** A package of an index as the lock has it. */
export function lockPackage(indexed: IndexedPackage, files: string): LockedPackage {
  const { package: name, version, architecture, source, builtUsing, path, size, sha256 } = indexed;
  const renamed = (reference: IndexedPackage['source']) => ({
    package: reference.name,
    version: reference.version,
  });
  return {
    package: name,
    version,
    architecture,
    source: renamed(source),
    builtUsing: builtUsing.map(renamed),
    path,
    size,
    sha256,
    files,
  };
}

/** What is the same as earlier keeps the date and the Release that it had: the first of the earlier ones decides. */
export function keepUnchanged(earlier: readonly LockedChannel[], found: LockedChannel): LockedChannel {
  const platforms = Object.fromEntries(
    Object.entries(found.platforms).map(([platform, now]) => {
      const then = earlier.map(({ platforms: all }) => all[platform as HostPlatform]);
      return [platform, then.find((one) => sameBut('released', one, now)) ?? now];
    }),
  );
  const kept = { ...found, platforms };
  return earlier.find((one) => sameBut('release', one, kept)) ?? kept;
}

function sameBut<T extends object>(key: keyof T, a: T | undefined, b: T): boolean {
  return canonical({ ...a, [key]: null }) === canonical({ ...b, [key]: null });
}

function canonical(value: unknown): string {
  return JSON.stringify(value, sortKeys);
}

/** A Release's date as the lock has it. */
export function iso(date: Date): string {
  return date.toISOString().replace('.000Z', 'Z');
}
