import type { GuestName, HostPlatform } from '@qemu-user-static/arch-table';
import type { Compression } from '@qemu-user-static/compression';
import type { EmulatorPackage } from '@qemu-user-static/lock';
import { assembleImage, type Image, type Layer, timestamp } from '@qemu-user-static/oci-image';
import { type ImageOrigin, type InsidePackage, imageLabels } from '../images/labels.ts';
import { type Part, partOf } from '../images/layer-plan.ts';
import { ociPlatform } from '../images/platforms.ts';
import { recipeOf } from '../images/recipe.ts';
import type { Edition } from '../images/tag-stems.ts';
import type { Contents } from '../images/tags.ts';

/** What the images of a host platform are put together from. */
export interface ImageParts {
  readonly platform: HostPlatform;
  readonly register: readonly Layer[];
  /** Its own package first. */
  readonly packages: readonly [PackageParts, ...PackageParts[]];
  readonly sets: JoinedSets;
}

/** A package, and its guests that no package before has; of an emulator, the layer that holds it alone. */
export interface PackageParts extends EmulatorPackage {
  /** Time of the images of one emulator, in seconds since 1970. */
  readonly created: number;
  readonly licenses: readonly Layer[];
  readonly emulators: readonly { readonly guest: GuestName; readonly layer?: Layer }[];
}

/** The layers over several emulators of an edition; one for both where there is one package. */
export interface JoinedSets {
  readonly all: Readonly<Record<Edition, SetParts>>;
  /** Null where none of its guests is there. */
  readonly common: Readonly<Record<Edition, SetParts | null>>;
}

export interface SetParts {
  /** Seconds since 1970. */
  readonly created: number;
  readonly licenses: readonly Layer[];
  readonly joined: readonly Layer[];
}

/** An image of a host platform. */
export interface PlatformImage {
  readonly contents: Contents;
  readonly edition: Edition;
  readonly parts: ImageParts;
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
export function imageMaker({ template, origin }: DocumentContext) {
  const full = recipeOf(template);
  const bare = recipeOf(template, { emulators: false });
  return (image: PlatformImage, compression: Compression): Image => {
    const { contents, parts } = image;
    const { platform } = parts;
    const recipe = contents.kind === 'register' ? bare : full;
    const { packages, created, layers } = chosenFor(image);
    const labels = imageLabels({ contents, platform, packages, created: timestamp(created), origin });
    const copied = recipe.copies.map((copy) => {
      const part = partOf(copy);
      const found = layers[part].find((layer) => layer.compression === compression);
      if (found === undefined) throw new RangeError(`${platform} has no ${part} layer in ${compression}`);
      return found;
    });
    const run = { ...recipe, labels: { ...recipe.labels, ...labels } };
    return assembleImage(ociPlatform(platform), copied, run, created, run.labels);
  };
}

/** The time of an image, in seconds since 1970. */
export function createdOf(image: PlatformImage): number {
  return chosenFor(image).created;
}

/** QEMU's versions in an image, that of its own package first. */
export function versionsOf(image: PlatformImage): string[] {
  return chosenFor(image).packages.map(({ version }) => version);
}

interface Chosen {
  readonly packages: readonly [InsidePackage, ...InsidePackage[]];
  readonly created: number;
  readonly layers: Readonly<Record<Part, readonly Layer[]>>;
}

function chosenFor({ contents, edition, parts }: PlatformImage): Chosen {
  const { register, packages, sets } = parts;
  const [own, ...others] = packages;
  switch (contents.kind) {
    case 'register':
      return {
        packages: [{ ...own, guests: [] }],
        created: own.created,
        layers: { register, licenses: [], emulators: [] },
      };
    case 'guest': {
      const { guest } = contents;
      const from = packages.find(({ emulators }) => emulators.some((one) => one.guest === guest)) ?? own;
      const alone = from.emulators.find((one) => one.guest === guest)?.layer;
      return {
        packages: [{ ...from, guests: [guest] }],
        created: from.created,
        layers: { register, licenses: from.licenses, emulators: alone ? [alone] : sets.all[edition].joined },
      };
    }
    case 'all':
    case 'common': {
      const set = sets[contents.kind][edition];
      const chosen = contents.kind === 'all' ? null : contents.guests;
      const [first, ...more] = [own, ...(edition === 'all' ? others : [])]
        .map((one) => withGuests(one, chosen))
        .filter(({ guests }) => guests.length > 0);
      if (set === null || first === undefined)
        throw new RangeError(`${parts.platform} has no guest of ${contents.kind}`);
      const { created, licenses, joined } = set;
      return {
        packages: [first, ...more],
        created,
        layers: { register, licenses, emulators: joined },
      };
    }
  }
}

/** @param chosen the guests that are inside, where not all are */
function withGuests(one: PackageParts, chosen: readonly GuestName[] | null): InsidePackage {
  const guests = one.emulators.map(({ guest }) => guest);
  return { ...one, guests: chosen === null ? guests : guests.filter((guest) => chosen.includes(guest)) };
}
