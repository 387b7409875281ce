import type { Compression } from '@qemu-user-static/compression';
import type { Lock } from '@qemu-user-static/lock';
import { type Descriptor, timestamp } from '@qemu-user-static/oci-image';
import { documentLabels } from '../images/labels.ts';
import { listingOf } from '../images/listing.ts';
import { planTags, type TagPlan } from '../images/tags.ts';
import type { DocumentWriter } from './documents.ts';
import {
  createdOf,
  type DocumentContext,
  type ImageParts,
  imageMaker,
  type PlatformImage,
  versionsOf,
} from './make-image.ts';

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
  const manifestOf = manifestWriter(writer, context);
  const tags: BuiltTag[] = [];
  for (const plan of planTags(lock, channel, ownGuests(platforms), otherGuests(platforms))) {
    const { contents, edition } = plan;
    const listed = plan.platforms
      .flatMap((name) => platforms.filter(({ platform }) => platform === name))
      .map((parts): PlatformImage => ({ contents, edition, parts }));
    const entries: Descriptor[] = [];
    for (const image of listed) {
      const manifests: { [compression in Compression]?: Descriptor } = {};
      for (const compression of compressionsOf(plan, context.compressions))
        manifests[compression] = await manifestOf(image, compression);
      entries.push(...listingOf(image.parts.platform, manifests));
    }
    const [first] = entries;
    if (first === undefined) continue;
    const descriptor =
      plan.shape === 'manifest' ? first : await writer.index(entries, indexLabels(plan, listed, context));
    tags.push({ plan, channel, descriptor });
  }
  return tags;
}

function ownGuests(platforms: readonly ImageParts[]) {
  return new Map(
    platforms.map(({ platform, packages: [own] }) => [platform, own.emulators.map(({ guest }) => guest)]),
  );
}

function otherGuests(platforms: readonly ImageParts[]) {
  return new Map(
    platforms.map(({ platform, packages: [, ...others] }) => [
      platform,
      new Map(
        others.flatMap(({ emulators, version }) => emulators.map(({ guest }) => [guest, version] as const)),
      ),
    ]),
  );
}

/** Writes each image once, however many tags list it. */
function manifestWriter(writer: Writer, context: DocumentContext) {
  const makeImage = imageMaker(context);
  const written = new Map<string, Promise<Descriptor>>();
  return (image: PlatformImage, compression: Compression): Promise<Descriptor> => {
    const { contents, edition, parts } = image;
    // Editions differ in nothing else.
    const isSet = contents.kind === 'all' || contents.kind === 'common';
    const key = JSON.stringify([contents, isSet && edition, parts.platform, compression]);
    const descriptor = written.get(key) ?? writer.image(makeImage(image, compression));
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
  listed: readonly PlatformImage[],
  { origin }: DocumentContext,
): Record<string, string> {
  const created = timestamp(Math.max(...listed.map(createdOf)));
  const versions = new Set(listed.flatMap(versionsOf));
  return documentLabels({ contents, version, otherVersions: [...versions], created, origin });
}
