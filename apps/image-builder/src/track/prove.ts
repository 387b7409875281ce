import { join } from 'node:path';
import type { HostPlatform } from '@qemu-user-static/arch-table';
import { isCodedError } from '@qemu-user-static/errors';
import type { Lock, PackageChange } from '@qemu-user-static/lock';
import type { BuildInputs } from '../build/inputs.ts';
import { proofOf } from '../build/proof.ts';
import { type CheckReport, check } from '../check/check.ts';
import { makeLayout } from '../release/pipeline.ts';
import { stage } from '../report/events.ts';

/** The result of building and checking the images of a channel that would change. */
export interface Proof {
  readonly channel: string;
  /** Null where it failed. */
  readonly check: CheckReport | null;
  readonly failure: string | null;
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
  const affected = present.flatMap((change) =>
    channelsWith(lock, change).map((channel) => ({ channel, change })),
  );
  const proofs: Proof[] = [];
  for (const [channel, ofChannel] of Map.groupBy(affected, (one) => one.channel)) {
    const platforms = [...new Set(ofChannel.map(({ change }) => change.platform))];
    const made = await makeAndCheck(lock, channel, platforms, join(folder, channel), inputs);
    proofs.push({ channel, ...made });
  }
  return proofs;
}

/** The channels that have a package in their images: its own, and those that take guests from it. */
function channelsWith({ channels }: Lock, { channel, platform, part }: PackageChange): string[] {
  const takers = Object.entries(channels).filter(([, { guestsFrom }]) =>
    guestsFrom[platform]?.includes(channel),
  );
  return [channel, ...(part === 'emulators' ? takers.map(([name]) => name) : [])];
}

async function makeAndCheck(
  lock: Lock,
  channel: string,
  platforms: readonly HostPlatform[],
  output: string,
  inputs: BuildInputs,
): Promise<Omit<Proof, 'channel'>> {
  const { onEvent } = inputs;
  try {
    // gzip alone: zstd takes most of the time, and would prove nothing more about the packages.
    const options = { channels: [channel], platforms, output, compressions: ['gzip'] as const };
    const built = await makeLayout(lock, options, inputs);
    const report = await stage('check', onEvent, () =>
      check(built.layout, proofOf(lock, inputs), { onEvent, afresh: false, hashed: built.sound }),
    );
    return { check: report, failure: null };
  } catch (error) {
    if (!isCodedError(error)) throw error;
    return { check: null, failure: `${error.code}: ${error.message}` };
  }
}
