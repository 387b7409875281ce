import { isDeepStrictEqual } from 'node:util';
import { type HostPlatform, host } from '@qemu-user-static/arch-table';
import type { Suite } from '@qemu-user-static/debian-archive';
import { isCodedError } from '@qemu-user-static/errors';
import { memoKey, recall, remember } from '@qemu-user-static/files';
import {
  assertNotOlder,
  type FoundChannel,
  iso,
  type Lock,
  lockChannel,
  lockOf,
  openChannel,
  platformsOf,
  type SourceChannel,
  type Sources,
  settleChannel,
  sourceKey,
  sourcesOf,
  type UpdateContext,
} from '@qemu-user-static/lock';

/** What a program cannot decide. */
export interface Finding {
  readonly channel: string;
  readonly code: string;
  readonly message: string;
  readonly remedy: string;
}

/** Errors of a channel that another try does not fix. Others, such as no network, end the run. */
const NEEDS_PERSON: ReadonlySet<string> = new Set([
  'RELEASE_NOT_FOUND',
  'RELEASE_NOT_SIGNED',
  'RELEASE_UNSIGNED_TEXT',
  'RELEASE_SIGNATURE_BAD',
  'RELEASE_KEY_UNKNOWN',
  'RELEASE_EXPIRED',
  'RELEASE_ORIGIN_MISMATCH',
  'RELEASE_SUITE_MISMATCH',
  'RELEASE_CODENAME_MISMATCH',
  'RELEASE_MALFORMED',
  'RELEASE_OLDER',
  'INDEX_NOT_IN_RELEASE',
  'INDEX_MALFORMED',
  'PACKAGE_NOT_IN_INDEX',
  'VERSION_MALFORMED',
  'LOCK_UNREADABLE',
]);

/**
 * The lock that the archive gives today, as `update` makes it. A channel that needs a person stays as it was.
 * @throws what `update` throws, except codes that become a finding
 */
export async function trackArchive(
  sources: Sources,
  before: Lock,
  context: UpdateContext,
): Promise<{ lock: Lock; findings: Finding[] }> {
  const channels: Record<string, FoundChannel> = {};
  const findings: Finding[] = [];
  for (const [name, wanted] of Object.entries(sources.channels)) {
    try {
      channels[name] = await trackChannel(name, wanted, sources.origin, before, context);
    } catch (error) {
      if (!isCodedError(error) || !NEEDS_PERSON.has(error.code)) throw error;
      const { code, message, remedy } = error;
      findings.push({ channel: name, code, message, remedy });
      const then = channelIn(before, name);
      if (then !== undefined) channels[name] = then;
    }
  }
  return { lock: lockOf(channels, sources, before, context), findings };
}

/**
 * Looks into the indexes only if they are others than those that gave nothing new the last time. What is remembered is
 * no more than that: a cache that someone changed can hide news, and cannot put a hash into the lock.
 */
async function trackChannel(
  name: string,
  wanted: SourceChannel,
  origin: Sources['origin'],
  before: Lock,
  context: UpdateContext,
): Promise<FoundChannel> {
  const suite = await openChannel(wanted, origin, context);
  const date = iso(suite.release.date);
  assertNotOlder(name, before.channels[name], date);
  const then = channelIn(before, name);
  const [memory, memo] = [{ folder: context.cache }, `nothing-new-${name}`];
  const key = memoKey([indexesOf(suite, wanted), wanted, then]);
  if (then !== undefined && (await recall<true>(memory, memo, key))) return then;

  const found = await lockChannel(name, wanted, origin, before, context);
  const settled = settleChannel(name, before, found);
  // A mirror in the middle of an update gave an older Release than this one: that is nothing to remember.
  if (isDeepStrictEqual(settled, then) && found.release.date === date)
    await remember(memory, memo, key, true);
  return settled;
}

/** A channel of a lock, with the sources it needs. */
function channelIn(lock: Lock, name: string): FoundChannel | undefined {
  const channel = lock.channels[name];
  if (channel === undefined) return undefined;
  const packages = platformsOf(channel).flatMap(([, { emulators, shell }]) => [emulators, shell]);
  const keys = new Set(packages.flatMap(sourcesOf).map(sourceKey));
  const sources = Object.fromEntries(Object.entries(lock.sources).filter(([key]) => keys.has(key)));
  return { ...channel, sources };
}

function indexesOf({ release }: Suite, { platforms }: SourceChannel) {
  const path = (platform: HostPlatform) => `main/binary-${host(platform).debian}/Packages.xz`;
  return platforms.map((platform) => release.files.get(path(platform))?.sha256);
}
