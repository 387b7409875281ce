import type { Compression } from '@qemu-user-static/compression';
import { type Lock, type LockedChannel, lockedChannelOf } from '@qemu-user-static/lock';
import { type Descriptor, timestamp } from '@qemu-user-static/oci-image';
import { documentLabels } from '../images/labels.ts';
import { listingOf } from '../images/listing.ts';
import { type Contents, planTags, type TagPlan } from '../images/tags.ts';
import type { DocumentWriter } from './documents.ts';
import { type DocumentContext, type ImageParts, imageMaker } from './make-image.ts';

/** A tag in the layout, and what it was made of. */
export interface BuiltTag {
  readonly plan: TagPlan;
  readonly channel: string;
  readonly descriptor: Descriptor;
}

/** Where documents go. */
type Writer = Pick<DocumentWriter, 'image' | 'index'>;

/** Writes the configs, manifests and indexes of all tags of a channel. */
export async function tagImages(
  lock: Lock,
  channel: string,
  platforms: readonly ImageParts[],
  writer: Writer,
  context: DocumentContext,
): Promise<BuiltTag[]> {
  const guests = new Map(
    platforms.map(({ platform, emulators }) => [platform, emulators.map(({ guest }) => guest)]),
  );
  const manifestOf = manifestWriter(lockedChannelOf(lock, channel).release, writer, context);
  const tags: BuiltTag[] = [];
  for (const plan of planTags(lock, channel, guests)) {
    const listed = plan.platforms.flatMap((name) => platforms.filter(({ platform }) => platform === name));
    const entries: Descriptor[] = [];
    for (const parts of listed) {
      const manifests: { [compression in Compression]?: Descriptor } = {};
      for (const compression of compressionsOf(plan, context.compressions))
        manifests[compression] = await manifestOf(plan.contents, parts, compression);
      entries.push(...listingOf(parts.platform, manifests));
    }
    const [first] = entries;
    if (first === undefined) continue;
    const descriptor =
      plan.shape === 'manifest' ? first : await writer.index(entries, indexLabels(plan, listed, context));
    tags.push({ plan, channel, descriptor });
  }
  return tags;
}

/** Writes each image once, however many tags list it. */
function manifestWriter(release: LockedChannel['release'], writer: Writer, context: DocumentContext) {
  const makeImage = imageMaker(release, context);
  const written = new Map<string, Promise<Descriptor>>();
  return (contents: Contents, parts: ImageParts, compression: Compression): Promise<Descriptor> => {
    const key = JSON.stringify([contents, parts.platform, compression]);
    const descriptor = written.get(key) ?? writer.image(makeImage(contents, parts, compression));
    written.set(key, descriptor);
    return descriptor;
  };
}

function compressionsOf({ manifests }: TagPlan, made: readonly Compression[]): Compression[] {
  const wanted: Compression[] = manifests === 'gzip and zstd' ? ['gzip', 'zstd'] : [manifests];
  return wanted.filter((compression) => made.includes(compression));
}

function indexLabels(
  { contents, version }: TagPlan,
  listed: readonly ImageParts[],
  { origin }: DocumentContext,
): Record<string, string> {
  const created = timestamp(Math.max(...listed.map((parts) => parts.created)));
  return documentLabels({ contents, version, created, origin });
}
