import { type Compression, openGzip, openZstd } from '@qemu-user-static/compression';
import type { Lock } from '@qemu-user-static/lock';
import {
  asOnlyWriter,
  createLayout,
  type Digest,
  type Layout,
  REF_NAME,
  removeBadBlobs,
  removeOtherBlobs,
  writeIndex,
} from '@qemu-user-static/oci-image';
import pLimit from 'p-limit';
import { recipeOf } from '../images/recipe.ts';
import type { OnEvent } from '../report/events.ts';
import { allEnded } from './all-ended.ts';
import { assemblePlatform } from './assemble-platform.ts';
import type { AssembleContext, FetchedPlatform, PlatformLayers, Turn, Turns } from './assembling.ts';
import { type DocumentWriter, documentWriter } from './documents.ts';
import { openLayerCache } from './layer-cache.ts';
import type { DocumentContext } from './make-image.ts';
import { type BuiltTag, tagImages } from './tag-images.ts';

/** What a build is made of apart from packages, and where it goes. */
export interface BuildSettings extends DocumentContext {
  /** Folder of the layout. */
  readonly output: string;
  /** The register program. */
  readonly script: string;
  /** SOURCE_DATE_EPOCH, where it is set. https://reproducible-builds.org/specs/source-date-epoch/ */
  readonly sourceDateEpoch: number | null;
  /** The user's cache folder: layers are taken from it and kept in it. */
  readonly cache: string;
  /** Stamps of blobs in the layout that need not be read. */
  readonly trusted?: ReadonlyMap<Digest, string>;
  readonly onEvent: OnEvent;
}

/** A channel's packages, fetched. */
export interface FetchedChannel {
  readonly channel: string;
  readonly platforms: readonly FetchedPlatform[];
}

export interface BuiltChannel {
  readonly channel: string;
  readonly platforms: readonly PlatformLayers[];
}

export interface Built {
  readonly layout: Layout;
  readonly channels: readonly BuiltChannel[];
  readonly tags: readonly BuiltTag[];
  /** Blobs that were there before or in the cache, read from disk in this run, or trusted. */
  readonly sound: ReadonlySet<Digest>;
  /** All blobs of the layout. */
  readonly blobs: ReadonlySet<Digest>;
}

/**
 * Makes the layout: layers first, then configs, manifests and indexes, `index.json` last of all, so that a
 * reader, or a run after a kill, never sees a tag that points at something incomplete.
 */
export function build(
  lock: Lock,
  fetched: readonly FetchedChannel[],
  settings: BuildSettings,
): Promise<Built> {
  return asOnlyWriter(settings.output, async () => {
    const layout = await createLayout(settings.output);
    const { sound, removed } = await removeBadBlobs(layout, settings.trusted);
    for (const name of removed) settings.onEvent({ type: 'blob-damaged', digest: `sha256:${name}` });
    const [gzip, zstd] = [openGzip(), openZstd()];
    const cache = await openLayerCache(settings.cache, settings.onEvent);
    const channels = await assembleChannels(lock, fetched, { layout, gzip, zstd, cache }, settings).finally(
      () => Promise.all([gzip.close(), zstd.close(), cache.close()]),
    );
    const writer = documentWriter(layout);
    const tags = await tagEverything(lock, channels, writer, settings);
    await writeIndex(
      layout,
      tags.map(({ plan, descriptor }) => ({
        ...descriptor,
        annotations: { [REF_NAME]: plan.tag },
      })),
    );
    await removeOtherBlobs(layout, writer.used);
    return { layout, channels, tags, sound: sound.union(cache.taken), blobs: writer.used };
  });
}

async function assembleChannels(
  { common }: Lock,
  fetched: readonly FetchedChannel[],
  output: Pick<AssembleContext, 'layout' | 'gzip' | 'zstd' | 'cache'>,
  settings: BuildSettings,
): Promise<BuiltChannel[]> {
  const assembling: AssembleContext = {
    ...output,
    recipe: recipeOf(settings.template),
    script: settings.script,
    common,
    compressions: settings.compressions,
    turns: turnsFor(settings.compressions),
    sourceDateEpoch: settings.sourceDateEpoch,
    onEvent: settings.onEvent,
  };
  return allEnded(
    fetched.map(async ({ channel, platforms }) => ({
      channel,
      platforms: await largestFirst(platforms, (platform) => assemblePlatform(platform, assembling)),
    })),
  );
}

/** The results in their places, but the smallest package last: a build ends with one core's work, which is then small. */
async function largestFirst(
  platforms: readonly FetchedPlatform[],
  assemble: (platform: FetchedPlatform) => Promise<PlatformLayers>,
): Promise<PlatformLayers[]> {
  const bySize = [...platforms].sort((a, b) => b.locked.emulators.size - a.locked.emulators.size);
  const made = await allEnded(bySize.map(assemble));
  const place = (layers: PlatformLayers) =>
    platforms.findIndex(({ platform }) => platform === layers.platform);
  return made.sort((a, b) => place(a) - place(b));
}

/** Only zstd is worth reading the next package meanwhile; else one thing at a time keeps memory low. */
function turnsFor(compressions: readonly Compression[]): Turns {
  // One failure is that of the build: nobody wants to wait for what other platforms would have done.
  const failure = new AbortController();
  const inTurn = (): Turn => {
    const limit = pLimit(1);
    return (work) =>
      limit(async () => {
        failure.signal.throwIfAborted();
        return work().catch((error) => {
          failure.abort(error);
          throw error;
        });
      });
  };
  const extract = inTurn();
  return { extract, join: compressions.includes('zstd') ? inTurn() : extract };
}

async function tagEverything(
  lock: Lock,
  channels: readonly BuiltChannel[],
  writer: DocumentWriter,
  settings: BuildSettings,
): Promise<BuiltTag[]> {
  const tags: BuiltTag[] = [];
  for (const { channel, platforms } of channels)
    tags.push(...(await tagImages(lock, channel, platforms, writer, settings)));
  return tags.sort((a, b) => (a.plan.tag < b.plan.tag ? -1 : 1));
}
