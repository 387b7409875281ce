import { HOST_PLATFORMS, type HostPlatform } from '@qemu-user-static/arch-table';
import { emulatorPackagesOf, type Lock } from '@qemu-user-static/lock';
import type { Digest, FoundImage, Layout, ReadLayer } from '@qemu-user-static/oci-image';
import { platformName } from '../images/platforms.ts';
import type { OnEvent } from '../report/events.ts';
import { type ExpectedImage, expectedImage, type ImagePackages } from './expected-files.ts';
import { recallFindings, rememberFindings } from './findings.ts';
import { imageProblems, layerProblems, versionOf } from './image-problems.ts';
import { assertNone } from './problems.ts';
import type { Proof } from './proof.ts';
import { type Layers, readLayers } from './read-layers.ts';

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
