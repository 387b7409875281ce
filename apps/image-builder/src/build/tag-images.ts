import { type GuestName, type HostPlatform, host } from '@qemu-user-static/arch-table';
import type { Compression } from '@qemu-user-static/compression';
import { type Lock, lockedChannelOf } from '@qemu-user-static/lock';
import {
  assembleImage,
  type Descriptor,
  type Image,
  type Layer,
  type Platform,
  timestamp,
} from '@qemu-user-static/oci-image';
import { parseDockerfile } from '../images/dockerfile.ts';
import { documentLabels, imageLabels } from '../images/labels.ts';
import { type Part, partOf } from '../images/layer-plan.ts';
import { type Contents, planTags, type TagPlan, versionOfTag } from '../images/tags.ts';
import { renderTemplate } from '../images/template.ts';
import type { PlatformLayers } from './assemble-platform.ts';
import type { BuildContext } from './build.ts';
import type { DocumentWriter } from './documents.ts';

/** What the images of a host platform are put together from; of an emulator, the layer that holds it alone. */
export interface ImageParts extends Omit<PlatformLayers, 'emulators' | 'leftOut'> {
  readonly emulators: readonly { readonly guest: GuestName; readonly layer?: Layer }[];
}

/** What the documents say besides what lies in the layers. */
export type DocumentContext = Pick<BuildContext, 'template' | 'compressions' | 'provenance'>;

/** A tag in the layout, and what it was made of. */
export interface BuiltTag {
  readonly plan: TagPlan;
  readonly channel: string;
  readonly descriptor: Descriptor;
}

/** Writes the configs, manifests and indexes of all tags of a channel. */
export async function tagImages(
  lock: Lock,
  channel: string,
  platforms: readonly ImageParts[],
  writer: Pick<DocumentWriter, 'image' | 'index'>,
  context: DocumentContext,
): Promise<BuiltTag[]> {
  const layersOf = new Map(platforms.map((layers) => [layers.platform, layers]));
  const guests = new Map(
    platforms.map(({ platform, emulators }) => [platform, emulators.map(({ guest }) => guest)]),
  );
  const { release } = lockedChannelOf(lock, channel);

  const written = new Map<string, Promise<Descriptor>>();
  const manifestOf = (
    contents: Contents,
    layers: ImageParts,
    compression: Compression,
  ): Promise<Descriptor> => {
    const key = JSON.stringify([contents, layers.platform, compression]);
    const descriptor =
      written.get(key) ?? writer.image(makeImage(contents, layers, compression, release, context));
    written.set(key, descriptor);
    return descriptor;
  };

  const tags: BuiltTag[] = [];
  for (const plan of planTags(lock, channel, guests)) {
    const listed = plan.platforms
      .map((platform) => layersOf.get(platform))
      .filter((layers) => layers !== undefined);
    const manifests: Descriptor[] = [];
    for (const layers of listed) {
      for (const compression of compressionsOf(plan, context.compressions)) {
        const descriptor = {
          ...(await manifestOf(plan.contents, layers, compression)),
          platform: ociPlatform(layers.platform),
        };
        manifests.push(
          isSecondChoice(compression, plan) ? { ...descriptor, annotations: ZSTD_HINT } : descriptor,
        );
      }
    }
    const [first] = manifests;
    if (first === undefined) continue;
    const created = timestamp(Math.max(...listed.map((layers) => layers.created)));
    const annotations = documentLabels(
      plan.contents,
      versionOfTag(lock, channel, plan),
      created,
      context.provenance,
    );
    tags.push({
      plan,
      channel,
      descriptor: plan.shape === 'manifest' ? first : await writer.index(manifests, annotations),
    });
  }
  return tags;
}

/** A client that knows zstd looks for this; others take the first manifest of their platform, gzip's. */
const ZSTD_HINT = { 'io.github.containers.compression.zstd': 'true' };

function isSecondChoice(compression: Compression, plan: TagPlan): boolean {
  return compression === 'zstd' && plan.manifests === 'gzip and zstd';
}

function compressionsOf({ manifests }: TagPlan, made: readonly Compression[]): Compression[] {
  const wanted: Compression[] = manifests === 'gzip and zstd' ? ['gzip', 'zstd'] : [manifests];
  return wanted.filter((compression) => made.includes(compression));
}

type Release = Parameters<typeof imageLabels>[3];

function makeImage(
  contents: Contents,
  layers: ImageParts,
  compression: Compression,
  release: Release,
  context: DocumentContext,
): Image {
  const { platform, locked, created } = layers;
  const labels = imageLabels(
    contents,
    platform,
    locked,
    release,
    guestsInside(contents, layers),
    timestamp(created),
    context.provenance,
  );
  const recipe = parseDockerfile(
    renderTemplate(context.template, { emulators: contents.kind !== 'register', labels }),
  );
  const ofParts = recipe.copies.map((copy) => layerOf(contents, layers, partOf(copy), compression));
  return assembleImage(ociPlatform(platform), ofParts, recipe, created, labels);
}

function guestsInside(contents: Contents, { emulators }: ImageParts): GuestName[] {
  if (contents.kind === 'all') return emulators.map(({ guest }) => guest);
  return contents.kind === 'guest' ? [contents.guest] : [];
}

function layerOf(contents: Contents, layers: ImageParts, part: Part, compression: Compression): Layer {
  const one =
    contents.kind === 'guest'
      ? layers.emulators.find(({ guest }) => guest === contents.guest)?.layer
      : undefined;
  const candidates = {
    register: layers.register,
    licenses: layers.licenses,
    emulators: one ? [one] : layers.joined,
  }[part];
  const found = candidates.find((layer) => layer.compression === compression);
  if (found === undefined) throw new RangeError(`${layers.platform} has no ${part} layer in ${compression}`);
  return found;
}

/** The platform as descriptors have it. */
export function ociPlatform(platform: HostPlatform): Platform {
  const { os, architecture, variant } = host(platform);
  return { architecture, os, ...(variant !== undefined && { variant }) };
}
