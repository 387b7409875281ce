import { type HostPlatform, host } from '@qemu-user-static/arch-table';
import {
  fetchPackageIndex,
  openSuite,
  parseVersion,
  type SuiteContext,
} from '@qemu-user-static/debian-archive';
import type { Lock, LockedPackage } from './lock.ts';
import { compareQemuVersions, qemuVersionOf } from './qemu-version.ts';
import type { SourceChannel, Sources } from './sources.ts';
import { lockPackage } from './update.ts';

/** Emulators that a channel may get later: of a suite from which packages come into the channel's own. */
export interface EarlyPackage {
  readonly channel: string;
  readonly suite: string;
  readonly platform: HostPlatform;
  /** QEMU's. */
  readonly version: string;
  readonly locked: LockedPackage;
}

/**
 * The emulators of each channel's early suite, where it has them and they are newer than those of the lock. Verified as
 * the channel's own: by the signature of the suite's Release.
 * @throws ArchiveError as `openSuite` and `fetchPackageIndex`
 */
export async function earlyPackages(
  { channels, origin }: Sources,
  lock: Lock,
  platform: HostPlatform,
  context: SuiteContext & { readonly mirror: URL },
): Promise<EarlyPackage[]> {
  const found: EarlyPackage[] = [];
  for (const [channel, wanted] of Object.entries(channels)) {
    const now = lock.channels[channel]?.platforms[platform]?.version;
    const early = await packageIn(wanted, platform, origin, context);
    if (early === undefined || (now !== undefined && compareQemuVersions(early.version, now) <= 0)) continue;
    found.push({ channel, platform, ...early });
  }
  return found;
}

async function packageIn(
  { early, emulators }: SourceChannel,
  platform: HostPlatform,
  origin: Sources['origin'],
  context: SuiteContext & { readonly mirror: URL },
): Promise<Pick<EarlyPackage, 'suite' | 'version' | 'locked'> | undefined> {
  if (early === undefined) return undefined;
  // Some mirrors have it under its own name alone.
  const suite = await openSuite(context.mirror, { origin, ...early }, context, early.suite);
  const index = await fetchPackageIndex(suite, host(platform).debian, [emulators.package]);
  // Such a suite has only what is on its way.
  if (!index.has(emulators.package)) return undefined;
  const locked = lockPackage(index.get(emulators.package), emulators.files);
  const version = qemuVersionOf(parseVersion(locked.version).upstream);
  return { suite: early.suite, version, locked };
}
