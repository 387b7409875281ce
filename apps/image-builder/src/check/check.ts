import type { HostPlatform } from '@qemu-user-static/arch-table';
import type { EmulatorPackage, Lock } from '@qemu-user-static/lock';
import {
  type Digest,
  type FoundImage,
  type FoundLayout,
  type Layout,
  walkLayout,
} from '@qemu-user-static/oci-image';
import { guestsInside, packagesInside } from '../images/labels.ts';
import { imageFor } from '../images/listing.ts';
import { ownPlatform } from '../images/platforms.ts';
import type { OnEvent } from '../report/events.ts';
import { contentProblems } from './contents.ts';
import { type Findings, NO_FINDINGS, recallFindings, rememberFindings } from './findings.ts';
import { assertNone } from './problems.ts';
import type { Proof } from './proof.ts';
import { readLayers } from './read-layers.ts';
import { runEmulators } from './run-emulators.ts';
import { tagProblems } from './tag-problems.ts';

/** The result of a check. */
export interface CheckReport {
  readonly tags: number;
  readonly images: number;
  readonly layers: number;
  /** Bytes of all blobs. */
  readonly bytes: number;
  /** Emulators that were run, with the platform they ran on; null where this machine can run none of the layout's. */
  readonly ran: { readonly platform: HostPlatform; readonly emulators: number } | null;
}

export interface CheckContext {
  readonly onEvent: OnEvent;
  /** Look at everything again, also at what an earlier check looked at. */
  readonly afresh: boolean;
  /** Blobs whose every byte was hashed a moment ago, in the same run. */
  readonly hashed: ReadonlySet<Digest>;
}

/**
 * Proves the layout without trust in what wrote it, and finds all that is wrong before it fails: every digest, every
 * file of every image against the packages of the lock and this checkout, and one run of each emulator of this machine.
 * @throws BuilderError CHECK_FAILED, EMULATORS_NOT_RUN; ImageError LAYOUT_INVALID; ArchiveError where a package of the
 *   lock is neither in the cache nor on a server
 */
export async function check(
  layout: Layout,
  proof: Proof,
  { onEvent, afresh, hashed }: CheckContext,
): Promise<CheckReport> {
  const found = await walkLayout(layout);
  assertNone(found.problems);
  const earlier = afresh ? NO_FINDINGS : await recallFindings(found.images, proof);

  const layers = await readLayers(layout, found.images, { earlier, hashed, onEvent });
  assertNone([...(await contentProblems(found.images, layers, proof)), ...found.tags.flatMap(tagProblems)]);

  const { ran, platform } = await runOwn(layout, proof, found, earlier, onEvent);
  await rememberFindings({ layers, ran }, earlier, proof);
  const blobs = new Map(
    found.images.flatMap((image) => image.layers).map(({ digest, size }) => [digest, size]),
  );
  const emulators = sum(Object.values(ran));
  return {
    tags: found.tags.length,
    images: found.images.length,
    layers: blobs.size,
    bytes: sum(blobs.values()),
    ran: platform === null || emulators === 0 ? null : { platform, emulators },
  };
}

/** Runs the emulators of this machine's images; how many of each. */
async function runOwn(
  layout: Layout,
  { lock, memory }: Proof,
  found: FoundLayout,
  earlier: Findings,
  onEvent: OnEvent,
): Promise<{ ran: Findings['ran']; platform: HostPlatform | null }> {
  const platform = ownPlatform();
  const ran: Record<Digest, number> = {};
  if (platform === null) return { ran, platform };
  for (const { image, packageOf } of wholeSetsOf(platform, lock, found)) {
    const known = earlier.ran[image.manifest.digest];
    if (known === undefined) {
      const { length: count } = guestsInside(image.annotations).guests;
      onEvent({ type: 'expected', unit: 'emulators', count });
      const runs = await runEmulators(layout, image, packageOf, {
        memory,
        onRun: () => onEvent({ type: 'emulator-ran' }),
      });
      assertNone(
        runs.flatMap(({ path, problem }) => (problem === null ? [] : [`${path} of ${platform}: ${problem}`])),
      );
      ran[image.manifest.digest] = runs.length;
    } else ran[image.manifest.digest] = known;
  }
  return { ran, platform };
}

/** The images with every emulator of a channel for a platform, gzip's as it has the same files as zstd's. */
function wholeSetsOf(
  platform: HostPlatform,
  lock: Lock,
  found: FoundLayout,
): { image: FoundImage; packageOf: (guest: string) => EmulatorPackage | undefined }[] {
  return Object.keys(lock.channels).flatMap((channel) => {
    const tag = found.tags.find((one) => one.tag === channel);
    const image = imageFor(tag?.images ?? [], platform);
    if (image === undefined) return [];
    const [own, ...others] = packagesInside(image.annotations, lock, channel, platform);
    const versions: ReadonlyMap<string, string> = guestsInside(image.annotations).others;
    const packageOf = (guest: string) => {
      const version = versions.get(guest);
      return version === undefined ? own : others.find((one) => one.version === version);
    };
    return [{ image, packageOf }];
  });
}

function sum(numbers: Iterable<number>): number {
  return Array.from(numbers).reduce((total, one) => total + one, 0);
}
