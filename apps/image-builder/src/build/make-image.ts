import type { GuestName } from '@qemu-user-static/arch-table';
import type { Compression } from '@qemu-user-static/compression';
import type { LockedChannel } from '@qemu-user-static/lock';
import { assembleImage, type Image, type Layer, timestamp } from '@qemu-user-static/oci-image';
import { type ImageOrigin, imageLabels } from '../images/labels.ts';
import { type Part, partOf } from '../images/layer-plan.ts';
import { ociPlatform } from '../images/platforms.ts';
import { recipeOf } from '../images/recipe.ts';
import type { Contents } from '../images/tags.ts';
import type { PlatformLayers } from './assemble-platform.ts';

/** What the images of a host platform are put together from; of an emulator, the layer that holds it alone. */
export interface ImageParts extends Omit<PlatformLayers, 'emulators' | 'leftOut'> {
  readonly emulators: readonly { readonly guest: GuestName; readonly layer?: Layer }[];
}

/** What the documents say apart from the contents of the layers. */
export interface DocumentContext {
  /** Text of Dockerfile.template. */
  readonly template: string;
  readonly compressions: readonly Compression[];
  readonly origin: ImageOrigin;
}

/**
 * Makes configs and manifests by the recipe. It is read once for images with emulators and once for those without; the
 * labels, in which images differ, need no detour through a Dockerfile: what goes in there comes out the same.
 */
export function imageMaker(release: LockedChannel['release'], { template, origin }: DocumentContext) {
  const full = recipeOf(template);
  const bare = recipeOf(template, { emulators: false });
  return (contents: Contents, parts: ImageParts, compression: Compression): Image => {
    const { platform, locked } = parts;
    const recipe = contents.kind === 'register' ? bare : full;
    const guests = guestsInside(contents, parts);
    const created = timestamp(parts.created);
    const labels = imageLabels({ contents, platform, locked, release, guests, created, origin });
    const layers = recipe.copies.map((copy) => layerOf(contents, parts, partOf(copy), compression));
    const run = { ...recipe, labels: { ...recipe.labels, ...labels } };
    return assembleImage(ociPlatform(platform), layers, run, parts.created, run.labels);
  };
}

function guestsInside(contents: Contents, { emulators }: ImageParts): GuestName[] {
  if (contents.kind === 'all') return emulators.map(({ guest }) => guest);
  return contents.kind === 'guest' ? [contents.guest] : [];
}

function layerOf(contents: Contents, parts: ImageParts, part: Part, compression: Compression): Layer {
  const found = candidates(contents, parts)[part].find((layer) => layer.compression === compression);
  if (found === undefined) throw new RangeError(`${parts.platform} has no ${part} layer in ${compression}`);
  return found;
}

function candidates(contents: Contents, parts: ImageParts): Record<Part, readonly Layer[]> {
  const { register, licenses, joined } = parts;
  if (contents.kind !== 'guest') return { register, licenses, emulators: joined };
  const alone = parts.emulators.find(({ guest }) => guest === contents.guest)?.layer;
  return { register, licenses, emulators: alone ? [alone] : joined };
}
