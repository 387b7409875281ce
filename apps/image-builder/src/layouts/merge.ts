import type { HostPlatform } from '@qemu-user-static/arch-table';
import { type Lock, lockedChannelOf, platformsOf } from '@qemu-user-static/lock';
import {
  assembleIndex,
  type Digest,
  type Document,
  type FoundImage,
  type FoundLayout,
  type FoundTag,
  type Layout,
} from '@qemu-user-static/oci-image';
import type { DocumentWriter } from '../build/documents.ts';
import type { DocumentContext, ImageParts } from '../build/make-image.ts';
import { tagImages } from '../build/tag-images.ts';
import type { Recipe } from '../images/dockerfile.ts';
import { partOf } from '../images/layer-plan.ts';
import { hostPlatformOf } from '../images/platforms.ts';
import { recipeOf } from '../images/recipe.ts';
import { BuilderError } from '../report/errors.ts';
import { layoutsDiffer } from '../report/problems.ts';
import { type ImageSet, isIndex, type SetDocument, type SetTag } from './image-set.ts';
import { compressionsIn, partsOf } from './parts.ts';

/** A layout and what its documents lead to. */
export interface WalkedLayout {
  readonly layout: Layout;
  readonly found: FoundLayout;
}

/**
 * The images of one or several layouts as one set: what `build` would have made of all their platforms at once.
 * Each layout says of its platforms which layers there are; the documents are made again from them by the code
 * that `build` has, and must be those that the layouts hold. So a layout of another lock, template or commit is
 * found out, as is one that disagrees with another.
 *
 * @param wanted the platforms that must be there, and no others are taken; none means all that the lock has
 * @throws BuilderError LAYOUTS_DIFFER, PLATFORMS_MISSING
 */
export async function mergeLayouts(
  lock: Lock,
  layouts: readonly WalkedLayout[],
  wanted: readonly HostPlatform[],
  context: Omit<DocumentContext, 'compressions'>,
): Promise<ImageSet> {
  const recipe = recipeOf(context.template);
  const takes = (platform: HostPlatform) => wanted.length === 0 || wanted.includes(platform);
  const has = (channel: string) => layouts.some(({ found }) => found.tags.some(({ tag }) => tag === channel));
  const channels = Object.keys(lock.channels).filter(has);
  if (channels.length === 0) throw layoutsDiffer(['none has a tag that is a channel of the lock']);

  const documents = new Map<Digest, SetDocument>();
  const tags: SetTag[] = [];
  for (const channel of channels) {
    const parts = layouts
      .flatMap(({ found }) => partsOf(found, lock, channel, recipe))
      .filter(({ platform }) => takes(platform))
      .filter(firstOfItsPlatform);
    assertAllThere(lock, channel, parts, takes);
    const compressions = compressionsIn(parts);
    const made = await tagImages(lock, channel, parts, inMemory(documents, channel, recipe), {
      ...context,
      compressions,
    });
    tags.push(...made.map(({ plan, descriptor }) => ({ ...plan, channel, digest: descriptor.digest })));
  }
  assertSame(layouts, tags, documents, takes);
  return { tags, documents, layoutOf: locate(layouts, documents) };
}

/** Keeps the documents, and what each needs. */
function inMemory(
  documents: Map<Digest, SetDocument>,
  channel: string,
  { copies }: Recipe,
): Pick<DocumentWriter, 'image' | 'index'> {
  const put = ({ descriptor, bytes }: Document, more: Pick<SetDocument, 'needs' | 'image'>) => {
    documents.set(descriptor.digest, { descriptor, bytes, ...more });
    return descriptor;
  };
  return {
    image: async ({ config, manifest, layers: made }) => {
      const { layers } = JSON.parse(Buffer.from(manifest.bytes).toString()) as {
        layers: SetDocument['needs'];
      };
      const platform = hostPlatformOf(JSON.parse(Buffer.from(config.bytes).toString()));
      const byPart = copies.flatMap((copy) => {
        const layer = layers[made.findIndex(({ createdBy }) => createdBy === copy.text)];
        return layer === undefined ? [] : [[partOf(copy), layer] as const];
      });
      const image = { channel, platform, layers: new Map(byPart) };
      return put(manifest, { needs: [config.descriptor, ...layers], image });
    },
    index: async (manifests, annotations) => put(assembleIndex(manifests, annotations), { needs: manifests }),
  };
}

function firstOfItsPlatform({ platform }: ImageParts, index: number, all: readonly ImageParts[]): boolean {
  return all.findIndex((other) => other.platform === platform) === index;
}

/** A platform that was forgotten would leave the tags that are moved. */
function assertAllThere(
  lock: Lock,
  channel: string,
  parts: readonly ImageParts[],
  takes: (platform: HostPlatform) => boolean,
): void {
  const missing = platformsOf(lockedChannelOf(lock, channel))
    .map(([platform]) => platform)
    .filter((platform) => takes(platform) && !parts.some((one) => one.platform === platform));
  if (missing.length > 0) {
    throw new BuilderError('PLATFORMS_MISSING', `no layout has ${channel} for ${missing.join(', ')}`);
  }
}

/** The images made again are those of the layouts, and no layout has others. */
function assertSame(
  layouts: readonly WalkedLayout[],
  tags: readonly SetTag[],
  documents: ReadonlyMap<Digest, SetDocument>,
  takes: (platform: HostPlatform) => boolean,
): void {
  const names = new Set(tags.map(({ tag }) => tag));
  const taken = (image: FoundImage) => takes(hostPlatformOf(image.config));
  const foreign = ({ layout, found }: WalkedLayout) => [
    ...found.tags
      .filter(({ tag, images }: FoundTag) => !names.has(tag) && images.some(taken))
      .map(({ tag }) => `${layout.folder}: tag ${tag} is not one of this lock`),
    ...found.images
      .filter((image) => taken(image) && !documents.has(image.manifest.digest))
      .map(
        (image) =>
          `${layout.folder}: image ${image.manifest.digest} for ${hostPlatformOf(image.config)} is another`,
      ),
  ];
  const problems = layouts.flatMap(foreign);
  if (problems.length > 0) throw layoutsDiffer(problems);
}

/** Where the config and the layers of each image lie. @throws BuilderError LAYOUTS_DIFFER */
function locate(
  layouts: readonly WalkedLayout[],
  documents: ReadonlyMap<Digest, SetDocument>,
): Map<Digest, Layout> {
  const holder = new Map(
    layouts.flatMap(({ layout, found }) =>
      found.images.map(({ manifest }) => [manifest.digest, layout] as const),
    ),
  );
  const located = new Map<Digest, Layout>();
  for (const document of documents.values()) {
    if (isIndex(document)) continue;
    const { descriptor, needs } = document;
    const layout = holder.get(descriptor.digest);
    if (layout === undefined) throw layoutsDiffer([`no layout has the image ${descriptor.digest}`]);
    for (const { digest } of needs) located.set(digest, layout);
  }
  return located;
}
