import { GUEST_NAMES, type GuestName, type HostPlatform } from '@qemu-user-static/arch-table';
import { COMPRESSIONS, type Compression } from '@qemu-user-static/compression';
import { type Lock, lockedChannelOf } from '@qemu-user-static/lock';
import type { FoundImage, FoundLayout, Layer } from '@qemu-user-static/oci-image';
import type { ImageParts } from '../build/make-image.ts';
import type { Recipe } from '../images/dockerfile.ts';
import { GUESTS_LABEL } from '../images/labels.ts';
import { type Part, partOf } from '../images/layer-plan.ts';
import { hostPlatformOf } from '../images/platforms.ts';
import { planTags } from '../images/tags.ts';
import { layoutsDiffer } from '../report/problems.ts';

/**
 * What the images of a channel were put together from, read back from the documents of a layout: the image of
 * all emulators gives most of it and names its guests, the images of one emulator give the layers of those.
 *
 * @throws BuilderError LAYOUTS_DIFFER where the documents cannot be of this lock and recipe.
 */
export function partsOf(
  found: FoundLayout,
  lock: Lock,
  channel: string,
  recipe: Pick<Recipe, 'copies'>,
): ImageParts[] {
  const imagesOf = (tag: string) => found.tags.find((one) => one.tag === tag)?.images ?? [];
  const whole = Map.groupBy(imagesOf(channel), ({ config }) => hostPlatformOf(config));
  const guests = new Map(Array.from(whole, ([platform, images]) => [platform, guestsIn(images)]));
  const alone = planTags(lock, channel, guests).filter(({ shape }) => shape === 'manifest');
  const layerOf = (platform: HostPlatform, guest: GuestName): Layer | undefined => {
    const tag = alone.find(
      ({ contents, platforms }) =>
        contents.kind === 'guest' && contents.guest === guest && platforms[0] === platform,
    )?.tag;
    return tag === undefined ? undefined : layersIn(imagesOf(tag), recipe).emulators[0];
  };

  return Array.from(whole, ([platform, images]) => {
    const locked = lockedChannelOf(lock, channel).platforms[platform];
    if (locked === undefined)
      throw layoutsDiffer([`${channel} has ${platform}, which the lock does not have`]);
    const { register, licenses, emulators: joined } = layersIn(images, recipe);
    assertComplete(`${channel} for ${platform}`, [register, licenses, joined]);
    const created = Date.parse(images[0]?.config.created ?? '') / 1000;
    if (Number.isNaN(created))
      throw layoutsDiffer([`${channel} for ${platform} does not say when it was created`]);
    const emulators = (guests.get(platform) ?? []).map((guest) => {
      const layer = layerOf(platform, guest);
      return layer === undefined ? { guest } : { guest, layer };
    });
    return { platform, locked, created, register, licenses, joined, emulators };
  });
}

/** Each part is there in the same compressions. */
function assertComplete(what: string, parts: readonly (readonly Layer[])[]): void {
  const [first, ...others] = parts.map((layers) =>
    layers.map(({ compression }) => compression).join(' and '),
  );
  if (first === '' || others.some((other) => other !== first))
    throw layoutsDiffer([`${what} does not have every layer in every compression`]);
}

/** The compressions that every platform's images are there in. */
export function compressionsIn(parts: readonly ImageParts[]): Compression[] {
  const [first, ...others] = parts.map(({ joined }) => joined.map(({ compression }) => compression));
  if (others.some((other) => other.join() !== first?.join()))
    throw layoutsDiffer(['some platforms are there in gzip alone, others in gzip and zstd']);
  return first ?? [];
}

function guestsIn([image]: readonly FoundImage[]): GuestName[] {
  const named = new Set(image?.annotations[GUESTS_LABEL]?.split(' '));
  return GUEST_NAMES.filter((guest) => named.has(guest));
}

/** The layers of images with the same files, by the part of the recipe that made them. */
function layersIn(images: readonly FoundImage[], { copies }: Pick<Recipe, 'copies'>): Record<Part, Layer[]> {
  const layers: Record<Part, Layer[]> = { register: [], emulators: [], licenses: [] };
  for (const { manifest, layers: blobs, config } of images) {
    blobs.forEach((blob, index) => {
      const [copy, diffId, made] = [copies[index], config.rootfs.diff_ids[index], config.history[index]];
      if (copy === undefined || diffId === undefined || made?.created_by !== copy.text)
        throw layoutsDiffer([`${manifest.digest} was not made by this Dockerfile.template`]);
      layers[partOf(copy)].push({ ...blob, diffId, createdBy: copy.text });
    });
  }
  // Indexes list them in an order of their own, for clients.
  for (const found of Object.values(layers))
    found.sort((a, b) => COMPRESSIONS.indexOf(a.compression) - COMPRESSIONS.indexOf(b.compression));
  return layers;
}
