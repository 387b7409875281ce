import type { GuestName, HostPlatform } from '@qemu-user-static/arch-table';
import { COMPRESSIONS, type Compression } from '@qemu-user-static/compression';
import { type EmulatorPackage, emulatorPackagesOf, type Lock } from '@qemu-user-static/lock';
import type { FoundImage, FoundLayout, Layer } from '@qemu-user-static/oci-image';
import type { ImageParts, PackageParts, SetParts } from '../build/make-image.ts';
import type { Recipe } from '../images/dockerfile.ts';
import { guestsInside } from '../images/labels.ts';
import { type Part, partOf } from '../images/layer-plan.ts';
import { hostPlatformOf } from '../images/platforms.ts';
import type { Edition } from '../images/tag-stems.ts';
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
  const imagesOf = (tag: string | undefined, platform: HostPlatform) =>
    (found.tags.find((one) => one.tag === tag)?.images ?? []).filter(
      ({ config }) => hostPlatformOf(config) === platform,
    );
  const tagged = found.tags.find((one) => one.tag === channel)?.images ?? [];
  const platforms = [...new Set(tagged.map(({ config }) => hostPlatformOf(config)))];
  const named = new Map(
    platforms.map((platform) => [platform, guestsInside(imagesOf(channel, platform)[0]?.annotations ?? {})]),
  );
  const own = new Map(
    Array.from(named, ([platform, { guests, others }]) => [
      platform,
      guests.filter((one) => !others.has(one)),
    ]),
  );
  const others = new Map(Array.from(named, ([platform, inside]) => [platform, inside.others]));
  const plans = planTags(lock, channel, own, others);

  return platforms.map((platform) => {
    const [first, ...further] = emulatorPackagesOf(lock, channel, platform);
    if (first === undefined)
      throw layoutsDiffer([`${channel} has ${platform}, which the lock does not have`]);
    const whole = imagesOf(channel, platform);
    const versions = others.get(platform) ?? new Map();
    const setIn = (kind: 'all' | 'common', edition: Edition): SetParts | null => {
      const tag = plans.find(
        (plan) =>
          plan.contents.kind === kind && plan.edition === edition && plan.platforms.includes(platform),
      )?.tag;
      return tag === undefined ? null : partsIn(imagesOf(tag, platform), recipe, `${tag} for ${platform}`);
    };
    const all = partsIn(whole, recipe, `${channel} for ${platform}`);
    // Where no tag lists the own package's guests alone, such images are not asked for.
    const alone = (versions.size > 0 ? setIn('all', 'own') : null) ?? all;
    const sets = {
      all: { own: alone, all },
      common: { own: setIn('common', 'own'), all: setIn('common', 'all') },
    };
    const aloneIn = (guest: GuestName) => {
      const tag = plans.find(
        ({ contents, shape, ...plan }) =>
          shape === 'manifest' &&
          contents.kind === 'guest' &&
          contents.guest === guest &&
          plan.platforms[0] === platform,
      );
      return imagesOf(tag?.tag, platform);
    };
    const packageParts = (one: EmulatorPackage, guests: readonly GuestName[]): PackageParts => {
      const emulators = guests.map((guest) => {
        const [layer] = layersIn(aloneIn(guest), recipe).emulators;
        return layer === undefined ? { guest } : { guest, layer };
      });
      if (one === first) return { ...one, created: alone.created, licenses: alone.licenses, emulators };
      const images = guests.slice(0, 1).flatMap(aloneIn);
      const created = createdIn(images) ?? all.created;
      return { ...one, created, licenses: layersIn(images, recipe).licenses, emulators };
    };
    const parts = further
      .map((one) =>
        packageParts(
          one,
          [...versions].filter(([, version]) => version === one.version).map(([guest]) => guest),
        ),
      )
      // A package that adds no guest is left out of the images.
      .filter(({ emulators }) => emulators.length > 0);
    const { register } = layersIn(whole, recipe);
    return {
      platform,
      register,
      packages: [packageParts(first, own.get(platform) ?? []), ...parts],
      sets,
    };
  });
}

/** @param what names the images in an error */
function partsIn(images: readonly FoundImage[], recipe: Pick<Recipe, 'copies'>, what: string): SetParts {
  const { register, licenses, emulators: joined } = layersIn(images, recipe);
  assertComplete(what, [register, licenses, joined]);
  const created = createdIn(images);
  if (created === undefined) throw layoutsDiffer([`${what} does not say when it was created`]);
  return { created, licenses, joined };
}

/** Seconds since 1970. */
function createdIn([image]: readonly FoundImage[]): number | undefined {
  const created = Date.parse(image?.config.created ?? '') / 1000;
  return Number.isNaN(created) ? undefined : created;
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
  const [first, ...others] = parts.map(({ sets }) =>
    sets.all.all.joined.map(({ compression }) => compression),
  );
  if (others.some((other) => other.join() !== first?.join()))
    throw layoutsDiffer(['some platforms are there in gzip alone, others in gzip and zstd']);
  return first ?? [];
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
