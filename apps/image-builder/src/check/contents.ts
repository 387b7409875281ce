import { HOST_PLATFORMS, type HostPlatform } from '@qemu-user-static/arch-table';
import { COMPRESSIONS } from '@qemu-user-static/compression';
import { emulatorPackagesOf, type Lock } from '@qemu-user-static/lock';
import {
  type Digest,
  type FoundImage,
  findBadBlobs,
  type LayerBlob,
  type Layout,
  openLayerReader,
  type ReadLayer,
} from '@qemu-user-static/oci-image';
import { platformName } from '../images/platforms.ts';
import { BuilderError } from '../report/errors.ts';
import type { OnEvent } from '../report/events.ts';
import { listed } from '../report/problems.ts';
import { type ExpectedImage, expectedImage, type ImagePackages } from './expected-files.ts';
import { type Findings, recallFindings, rememberFindings } from './findings.ts';
import { imageProblems, layerProblems, versionOf } from './image-problems.ts';
import type { Proof } from './proof.ts';

type Layers = Readonly<Record<Digest, ReadLayer>>;

/**
 * Compares every file of the images with the packages of the lock and with this checkout.
 * @throws BuilderError CHECK_FAILED with all that differs; ArchiveError where a package cannot be downloaded
 */
export async function assertContents(
  layout: Layout,
  images: readonly FoundImage[],
  proof: Proof,
  onEvent: OnEvent,
): Promise<void> {
  const earlier = await recallFindings(images, proof);
  const layers = await readLayers(layout, images, { earlier, hashed: new Set(), onEvent });
  assertNone(await contentProblems(images, layers, proof));
  await rememberFindings({ ...earlier, layers }, earlier, proof);
}

export interface ReadingContext {
  readonly earlier: Findings;
  /** Blobs whose every byte was hashed a moment ago, in the same run. */
  readonly hashed: ReadonlySet<Digest>;
  readonly onEvent: OnEvent;
}

/**
 * Hashes the layers of images, and reads back those that no earlier check has read.
 * @throws BuilderError CHECK_FAILED
 */
export async function readLayers(
  layout: Layout,
  images: readonly FoundImage[],
  { earlier, hashed, onEvent }: ReadingContext,
): Promise<Layers> {
  const unique = new Map(images.flatMap(({ layers }) => layers).map((layer) => [layer.digest, layer]));
  const unhashed = [...unique.values()].filter(({ digest }) => !hashed.has(digest));
  const bad = await findBadBlobs(layout, unhashed);
  assertNone(bad.map(({ digest, problem }) => `blob ${digest}: ${problem}`));

  const layers: Record<Digest, ReadLayer> = {};
  const unread: (LayerBlob & { readonly size: number })[] = [];
  for (const { digest, compression, size } of unique.values()) {
    const known = earlier.layers[digest];
    if (known === undefined) unread.push({ layout, digest, compression, size });
    else layers[digest] = known;
  }
  if (unread.length === 0) return layers;
  const reader = openLayerReader();
  const bytes = unread.reduce((sum, { size }) => sum + size, 0);
  onEvent({ type: 'expected', unit: 'layers', count: unread.length, bytes });
  // Layers that decompress to the same bytes have the same entries, which are read once, mostly in gzip's layer.
  const known = new Map(Object.values(layers).map((layer) => [layer.diffId, layer]));
  const contentsOf = async (blob: LayerBlob): Promise<ReadLayer> => {
    const same = blob.compression === 'zstd' ? known.get(await reader.diffIdOf(blob)) : undefined;
    return same ?? reader.read(blob);
  };
  const read = async ({ size, ...blob }: (typeof unread)[number]) => {
    const layer = await contentsOf(blob).catch((cause: Error) => {
      throw failed([`layer ${blob.digest}: ${cause.message}`], cause);
    });
    layers[blob.digest] = layer;
    known.set(layer.diffId, layer);
    onEvent({ type: 'layer-checked', digest: blob.digest, size });
  };
  try {
    for (const compression of COMPRESSIONS)
      await Promise.all(unread.filter((blob) => blob.compression === compression).map(read));
  } finally {
    await reader.close();
  }
  return layers;
}

/** Problems of images and their layers. */
export async function contentProblems(
  images: readonly FoundImage[],
  layers: Layers,
  proof: Proof,
): Promise<string[]> {
  const expected = new Map<string, Promise<ExpectedImage[]>>();
  const problems = Object.entries(layers).flatMap(([digest, layer]) =>
    layerProblems(digest as Digest, layer),
  );
  for (const image of images) {
    const [platform, version] = [platformName(image.config), versionOf(image)];
    const candidates = expected.get(`${platform} ${version}`) ?? expectedImages(platform, version, proof);
    expected.set(`${platform} ${version}`, candidates);
    const read = image.layers.map(({ digest }) => layers[digest] as ReadLayer);
    // Two channels may have packages of one version: those that fit best count.
    const [best] = (await candidates)
      .map((candidate) => imageProblems(image, read, candidate))
      .sort((a, b) => a.length - b.length);
    const unknown = `image ${image.manifest.digest}: the lock has no QEMU "${version}" for "${platform}"`;
    problems.push(...(best ?? [unknown]));
  }
  return problems;
}

/** The images of each channel of the lock for a platform and version. */
async function expectedImages(name: string, version: string, proof: Proof): Promise<ExpectedImage[]> {
  const platform = HOST_PLATFORMS.find((one) => one === name);
  if (platform === undefined) return [];
  const made = Object.keys(proof.lock.channels).flatMap((channel) =>
    packageSets(proof.lock, channel, platform),
  );
  return Promise.all(
    made
      .filter(({ emulators: [first] }) => first?.version === version)
      .map((packages) => expectedImage(platform, packages, proof)),
  );
}

/** The packages of a channel's images: of those with all emulators, and of those with emulators of some packages. */
function packageSets(lock: Lock, channel: string, platform: HostPlatform): ImagePackages[] {
  const shell = lock.channels[channel]?.platforms[platform]?.shell;
  if (shell === undefined) return [];
  const all = emulatorPackagesOf(lock, channel, platform);
  return subsets(all).map((emulators) => ({ emulators, shell }));
}

/** Every choice of some of them, in their order; a platform has one package or two. */
function subsets<T>(all: readonly T[]): T[][] {
  const [first, ...more] = all;
  if (first === undefined) return [];
  const without = subsets(more);
  return [[first], ...without.map((some) => [first, ...some]), ...without];
}

/** @throws BuilderError CHECK_FAILED */
export function assertNone(problems: readonly string[]): void {
  if (problems.length > 0) throw failed(problems);
}

function failed(problems: readonly string[], cause?: unknown): BuilderError {
  const count = problems.length === 1 ? 'a problem' : `${problems.length} problems`;
  return new BuilderError('CHECK_FAILED', `${count} in the layout:${listed(problems)}`, cause);
}
