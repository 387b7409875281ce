import { join } from 'node:path';
import type { GuestName, HostPlatform } from '@qemu-user-static/arch-table';
import { isCodedError } from '@qemu-user-static/errors';
import type { Lock, PackageChange } from '@qemu-user-static/lock';
import type { BuildInputs } from '../build/inputs.ts';
import { proofOf } from '../build/proof.ts';
import { type CheckReport, check } from '../check/check.ts';
import { makeLayout } from '../release/pipeline.ts';
import { stage } from '../report/events.ts';
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
  /** Null if the old package is no longer available. */
  readonly guestsBefore: readonly GuestName[] | null;
  /** Null where the build failed. */
  readonly guestsNow: readonly GuestName[] | null;
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
  inputs: BuildInputs,
): Promise<Proof[]> {
  const present = changes.filter(({ now }) => now !== null);
  const proofs: Proof[] = [];
  for (const [channel, ofChannel] of Map.groupBy(present, (change) => change.channel)) {
    const platforms = [...new Set(ofChannel.map(({ platform }) => platform))];
    const made = await makeAndCheck(lock, channel, platforms, join(folder, channel), inputs);
    const proven: ProvenPlatform[] = [];
    for (const platform of platforms) {
      const change = ofChannel.find((one) => one.platform === platform && one.part === 'emulators');
      const now = made.guests.get(platform) ?? null;
      const old = change === undefined ? now : null;
      const before = change?.before ? await guestsIn(change.before, platform, inputs.archive) : old;
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
  inputs: BuildInputs,
): Promise<Made> {
  const { onEvent } = inputs;
  try {
    // gzip alone: zstd takes most of the time, and would prove nothing more about the packages.
    const options = { channels: [channel], platforms, output, compressions: ['gzip'] as const };
    const built = await makeLayout(lock, options, inputs);
    const report = await stage('check', onEvent, () =>
      check(built.layout, proofOf(lock, inputs), { onEvent, afresh: false, hashed: built.sound }),
    );
    const made = built.channels.flatMap((one) => one.platforms);
    const guests = new Map(
      made.map(({ platform, emulators }) => [platform, emulators.map(({ guest }) => guest).sort()]),
    );
    return { guests, check: report, failure: null };
  } catch (error) {
    if (!isCodedError(error)) throw error;
    return { guests: new Map(), check: null, failure: `${error.code}: ${error.message}` };
  }
}
