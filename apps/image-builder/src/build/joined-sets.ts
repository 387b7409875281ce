import type { GuestName, HostPlatform } from '@qemu-user-static/arch-table';
import { type Layer, readFiles } from '@qemu-user-static/oci-image';
import { emulatorEntry, type LicenseText, licenseContext } from '../images/context.ts';
import { planPart } from '../images/layer-plan.ts';
import type { Edition } from '../images/tag-stems.ts';
import type { AssembleContext, FetchedPlatform, PackageLayers } from './assembling.ts';
import type { EmulatorLayer } from './emulator-layer.ts';
import { writeJoinedLayers } from './joined-layers.ts';
import { keepLayers } from './keep-layers.ts';
import type { JoinedSets, SetParts } from './make-image.ts';
import { layersIn } from './package-layers.ts';
import { type LayerOutput, writeSmallLayer } from './small-layer.ts';

type Packages = readonly [PackageLayers, ...PackageLayers[]];

/** The layers over several emulators: all of an edition, and those of `common`. */
export async function joinSets(
  { platform }: FetchedPlatform,
  packages: Packages,
  context: AssembleContext,
): Promise<JoinedSets> {
  const [own, ...others] = packages;
  const join = (kind: string, chosen: Packages) => joinSet(platform, kind, chosen, context);
  const common = async (edition: Edition, all: Packages, whole: SetParts) => {
    const [first, ...more] = withGuests(all, context.common);
    if (first === undefined) return null;
    const isWhole = guestsOf([first, ...more]).length === guestsOf(all).length;
    return isWhole ? whole : join(`common-${edition}`, [first, ...more]);
  };
  const alone = await join('own', [own]);
  const commonAlone = await common('own', [own], alone);
  if (others.length === 0)
    return { all: { own: alone, all: alone }, common: { own: commonAlone, all: commonAlone } };
  const all = await join('all', packages);
  return {
    all: { own: alone, all },
    common: { own: commonAlone, all: await common('all', packages, all) },
  };
}

/** Packages with some of their emulators; those that have none of them are left out. */
function withGuests(packages: Packages, guests: readonly GuestName[]): PackageLayers[] {
  return packages
    .map((one) => ({ ...one, emulators: one.emulators.filter(({ guest }) => guests.includes(guest)) }))
    .filter(({ emulators }) => emulators.length > 0);
}

function guestsOf(packages: Packages): GuestName[] {
  return packages.flatMap(({ emulators }) => emulators.map(({ guest }) => guest));
}

/** @param kind which set it is, for the name under which it is kept */
function joinSet(
  platform: HostPlatform,
  kind: string,
  packages: Packages,
  context: AssembleContext,
): Promise<SetParts> {
  const { recipe, compressions } = context;
  const [first, ...more] = packages;
  const created = Math.max(...packages.map((one) => one.created));
  return keepLayers<SetParts>(context, {
    name: `${kind}-${platform}-${first.version}`,
    inputs: [packages.map(layersIn), created, recipe.copies, compressions],
    layersOf: ({ joined, licenses }) => [...joined, ...licenses],
    make: async () => {
      const emulators = packages.flatMap((one) => one.emulators);
      const joined = await join(platform, emulators, created, context);
      if (more.length === 0 && first.licenses.length === joined.length)
        return { created, joined, licenses: first.licenses };
      const files = licenseContext(await licensesOf(packages, context));
      const plan = planPart(recipe, 'licenses', files);
      return { created, joined, licenses: await writeSmallLayer({ plan, files, mtime: created }, context) };
    },
  });
}

/** What the layers of licences have in them, read back: a package's path has its name in it. */
async function licensesOf(packages: Packages, { layout }: LayerOutput): Promise<LicenseText[]> {
  const texts: LicenseText[] = [];
  for (const { licenses } of packages) {
    const [layer] = licenses;
    if (layer === undefined) throw new RangeError('a package has no layer of licences');
    const { digest, compression } = layer;
    for await (const { path, content } of readFiles({ layout, digest, compression }, isDocument))
      texts.push({ path, text: content });
  }
  return texts;
}

/** What is below a package's folder. Elsewhere, where a recipe put it, it would get another path each time. */
function isDocument(path: string): boolean {
  return path.startsWith('usr/share/doc/');
}

function join(
  platform: HostPlatform,
  emulators: readonly EmulatorLayer[],
  mtime: number,
  context: AssembleContext,
): Promise<Layer[]> {
  const { recipe, turns, onEvent } = context;
  const sourceOf = new Map(emulators.map((emulator) => [emulatorEntry(emulator.guest).path, emulator]));
  const plan = planPart(
    recipe,
    'emulators',
    emulators.map(({ guest }) => emulatorEntry(guest)),
  );
  return turns.join(async () => {
    const joined = await writeJoinedLayers({ plan, sourceOf, mtime }, context);
    onEvent({ type: 'layers-joined', platform });
    return joined;
  });
}
