import type { HostPlatform } from '@qemu-user-static/arch-table';
import { memoKey, recall, remember } from '@qemu-user-static/files';
import { type Lock, type LockedPlatform, platformsOf } from '@qemu-user-static/lock';
import {
  type Digest,
  type FoundImage,
  type FoundLayout,
  findBadBlobs,
  type LayerBlob,
  type Layout,
  openLayerReader,
  type ReadLayer,
  walkLayout,
} from '@qemu-user-static/oci-image';
import { imageFor } from '../images/listing.ts';
import { ownPlatform } from '../images/platforms.ts';
import { BuilderError } from '../report/errors.ts';
import type { OnEvent } from '../report/events.ts';
import { imageProblems, layerProblems } from './image-problems.ts';
import { runEmulators } from './run-emulators.ts';
import { tagProblems } from './tag-problems.ts';

/** What was proven. */
export interface CheckReport {
  readonly tags: number;
  readonly images: number;
  readonly layers: number;
  /** Bytes of all blobs. */
  readonly bytes: number;
  /** Emulators that were run, with the platform they ran on; null where this machine can run none of the layout's. */
  readonly ran: { readonly platform: HostPlatform; readonly emulators: number } | null;
}

/** What earlier checks found of blobs; as a blob's every byte is hashed each time, it holds for the same digest. */
interface Findings {
  readonly layers: Record<Digest, ReadLayer>;
  /** Manifests whose emulators have run, and how many. */
  readonly ran: Record<Digest, number>;
}

/** Raise it when a check looks at more than before. */
const CHECK_VERSION = 1;
const NO_FINDINGS: Findings = { layers: {}, ran: {} };

export interface CheckContext {
  readonly onEvent: OnEvent;
  /** Look at everything again, also at what an earlier check looked at. */
  readonly afresh: boolean;
  /** Blobs whose every byte was hashed a moment ago, in the same run. */
  readonly hashed: ReadonlySet<Digest>;
}

/**
 * Proves the layout without trust in what wrote it, and finds all that is wrong before it fails.
 * @throws BuilderError CHECK_FAILED; ImageError LAYOUT_INVALID
 */
export async function check(
  layout: Layout,
  lock: Lock,
  { onEvent, afresh, hashed }: CheckContext,
): Promise<CheckReport> {
  const key = memoKey(CHECK_VERSION);
  const earlier = (afresh ? null : await recall<Findings>(layout, 'check', key)) ?? NO_FINDINGS;
  const found = await walkLayout(layout);
  assertNone(found.problems);

  const blobs = found.images.flatMap(({ layers }) => layers);
  const bad = await findBadBlobs(
    layout,
    blobs.filter(({ digest }) => !hashed.has(digest)),
  );
  assertNone(bad.map(({ digest, problem }) => `blob ${digest}: ${problem}`));

  const layers = await readLayers(layout, found, earlier, onEvent);
  assertNone([
    ...Object.entries(layers).flatMap(([digest, layer]) => layerProblems(digest as Digest, layer)),
    ...found.tags
      .flatMap(({ images }) => images)
      .filter(firstOfItsDigest)
      .flatMap((image) =>
        imageProblems(
          image,
          image.layers.map(({ digest }) => layers[digest] as ReadLayer),
        ),
      ),
    ...found.tags.flatMap(tagProblems),
  ]);

  const { ran, platform } = await runOwn(layout, lock, found, earlier, onEvent);
  await remember(layout, 'check', key, { layers, ran } satisfies Findings);
  const emulators = Object.values(ran).reduce((sum, count) => sum + count, 0);
  return {
    tags: found.tags.length,
    images: found.images.length,
    layers: Object.keys(layers).length,
    bytes: [...new Map(blobs.map(({ digest, size }) => [digest, size])).values()].reduce(
      (sum, size) => sum + size,
      0,
    ),
    ran: platform === null || emulators === 0 ? null : { platform, emulators },
  };
}

async function readLayers(
  layout: Layout,
  found: FoundLayout,
  earlier: Findings,
  onEvent: OnEvent,
): Promise<Record<Digest, ReadLayer>> {
  const unique = new Map(found.images.flatMap(({ layers }) => layers).map((layer) => [layer.digest, layer]));
  const layers: Record<Digest, ReadLayer> = {};
  const unread: LayerBlob[] = [];
  for (const { digest, compression } of unique.values()) {
    const known = earlier.layers[digest];
    if (known === undefined) unread.push({ layout, digest, compression });
    else layers[digest] = known;
  }
  if (unread.length === 0) return layers;
  const reader = openLayerReader();
  const read = async (blob: LayerBlob) => {
    layers[blob.digest] = await reader.read(blob).catch((cause: Error) => {
      throw failed([`layer ${blob.digest}: ${cause.message}`], cause);
    });
    onEvent({ type: 'layer-checked', digest: blob.digest });
  };
  try {
    await Promise.all(unread.map(read));
  } finally {
    await reader.close();
  }
  return layers;
}

/** Runs the emulators of this machine's images; how many of each. */
async function runOwn(
  layout: Layout,
  lock: Lock,
  found: FoundLayout,
  earlier: Findings,
  onEvent: OnEvent,
): Promise<{ ran: Findings['ran']; platform: HostPlatform | null }> {
  const platform = ownPlatform();
  const ran: Record<Digest, number> = {};
  if (platform === null) return { ran, platform };
  for (const { image, locked } of wholeSetsOf(platform, lock, found)) {
    const known = earlier.ran[image.manifest.digest];
    if (known === undefined) {
      const runs = await runEmulators(layout, image, locked, () => onEvent({ type: 'emulator-ran' }));
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
): { image: FoundImage; locked: LockedPlatform }[] {
  return Object.entries(lock.channels).flatMap(([channel, locked]) => {
    const tag = found.tags.find((one) => one.tag === channel);
    const image = imageFor(tag?.images ?? [], platform);
    const entry = platformsOf(locked).find(([name]) => name === platform);
    return image === undefined || entry === undefined ? [] : [{ image, locked: entry[1] }];
  });
}

function firstOfItsDigest(image: FoundImage, index: number, all: readonly FoundImage[]): boolean {
  return all.findIndex(({ manifest }) => manifest.digest === image.manifest.digest) === index;
}

/** How many problems a message lists before it only counts them. */
const LISTED = 20;

function assertNone(problems: readonly string[]): void {
  if (problems.length > 0) throw failed(problems);
}

function failed(problems: readonly string[], cause?: unknown): BuilderError {
  const listed = problems
    .slice(0, LISTED)
    .map((problem) => `\n  - ${problem}`)
    .join('');
  const more = problems.length > LISTED ? `\n  - and ${problems.length - LISTED} more` : '';
  return new BuilderError(
    'CHECK_FAILED',
    `${problems.length} problem(s) in the layout:${listed}${more}`,
    cause,
  );
}
