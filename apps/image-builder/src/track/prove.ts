import { join } from 'node:path';
import type { GuestName, HostPlatform } from '@qemu-user-static/arch-table';
import type { FetchContext } from '@qemu-user-static/debian-archive';
import { isTold } from '@qemu-user-static/errors';
import type { Lock, PackageChange } from '@qemu-user-static/lock';
import type { Built } from '../build/build.ts';
import { type CheckReport, check } from '../check/check.ts';
import { type ReleaseOptions, stage } from '../release/pipeline.ts';
import type { OnEvent } from '../report/events.ts';
import { guestsIn } from './packages.ts';

/** What came of building and checking the images of a channel that would change. */
export interface Proof {
  readonly channel: string;
  readonly platforms: readonly ProvenPlatform[];
  /** Null where it failed. */
  readonly check: CheckReport | null;
  readonly failure: string | null;
}

export interface ProvenPlatform {
  readonly platform: HostPlatform;
  /** Null where the old package is to be had nowhere any more. */
  readonly guestsBefore: readonly GuestName[] | null;
  /** Null where the build failed. */
  readonly guestsNow: readonly GuestName[] | null;
}

/** What `prove` works with. */
export interface ProveContext {
  /** Makes the layout of a lock. */
  makeLayout(lock: Lock, options: ReleaseOptions): Promise<Built>;
  readonly archive: FetchContext;
  readonly onEvent: OnEvent;
}

/**
 * Builds and checks the images of all platforms whose packages changed. A failure is a result: whoever decides about the
 * change wants to see it.
 * @param folder for the layouts, one a channel
 */
export async function prove(
  lock: Lock,
  changes: readonly PackageChange[],
  folder: string,
  context: ProveContext,
): Promise<Proof[]> {
  const present = changes.filter(({ now }) => now !== null);
  const proofs: Proof[] = [];
  for (const [channel, ofChannel] of Map.groupBy(present, (change) => change.channel)) {
    const platforms = [...new Set(ofChannel.map(({ platform }) => platform))];
    const made = await makeAndCheck(lock, channel, platforms, join(folder, channel), context);
    const proven: ProvenPlatform[] = [];
    for (const platform of platforms) {
      const change = ofChannel.find((one) => one.platform === platform && one.part === 'emulators');
      const now = made.guests.get(platform) ?? null;
      const old = change === undefined ? now : null;
      const before = change?.before ? await guestsIn(change.before, platform, context.archive) : old;
      proven.push({ platform, guestsBefore: before, guestsNow: now });
    }
    proofs.push({ channel, platforms: proven, check: made.check, failure: made.failure });
  }
  return proofs;
}

interface Made extends Pick<Proof, 'check' | 'failure'> {
  readonly guests: ReadonlyMap<HostPlatform, readonly GuestName[]>;
}

async function makeAndCheck(
  lock: Lock,
  channel: string,
  platforms: readonly HostPlatform[],
  output: string,
  { makeLayout, onEvent }: ProveContext,
): Promise<Made> {
  try {
    // gzip alone: zstd takes most of the time, and would prove nothing more about the packages.
    const options = { channels: [channel], platforms, output, compressions: ['gzip'] as const };
    const built = await makeLayout(lock, options);
    const report = await stage('check', onEvent, () =>
      check(built.layout, lock, { onEvent, afresh: false, hashed: built.sound }),
    );
    const made = built.channels.flatMap((one) => one.platforms);
    const guests = new Map(
      made.map(({ platform, emulators }) => [platform, emulators.map(({ guest }) => guest).sort()]),
    );
    return { guests, check: report, failure: null };
  } catch (error) {
    if (!isTold(error)) throw error;
    return { guests: new Map(), check: null, failure: `${error.code}: ${error.message}` };
  }
}
