import type { GuestName, HostPlatform } from '@qemu-user-static/arch-table';
import type { EmulatorPackage, Lock, LockedPlatform } from '@qemu-user-static/lock';
import { type Layer, readFiles } from '@qemu-user-static/oci-image';
import type { LimitFunction } from 'p-limit';
import {
  emulatorEntry,
  type LicenseText,
  licenseContext,
  registerContext,
  sourcesFile,
} from '../images/context.ts';
import type { Recipe } from '../images/dockerfile.ts';
import { planPart } from '../images/layer-plan.ts';
import type { OnEvent } from '../report/events.ts';
import type { EmulatorLayer } from './emulator-layer.ts';
import { extractShell } from './extract.ts';
import { extractLayers } from './extract-layers.ts';
import { writeJoinedLayers } from './joined-layers.ts';
import { keepLayers } from './keep-layers.ts';
import type { EditionParts, ImageParts, PackageParts } from './make-image.ts';
import { type LayerOutput, writeSmallLayer } from './small-layer.ts';

/** Where a platform's packages lie in the cache. */
export interface FetchedPlatform {
  readonly platform: HostPlatform;
  readonly locked: LockedPlatform;
  /** The lock's, with those of these packages among them. */
  readonly sources: Lock['sources'];
  /** Those with emulators, its own first. */
  readonly packages: readonly FetchedPackage[];
  readonly shellDeb: string;
}

export interface FetchedPackage extends EmulatorPackage {
  readonly deb: string;
}

/** The layers from which all images of a host platform are put together. */
export interface PlatformLayers extends ImageParts {
  readonly locked: LockedPlatform;
  readonly packages: readonly [PackageLayers, ...PackageLayers[]];
}

export interface PackageLayers extends PackageParts {
  readonly emulators: readonly EmulatorLayer[];
  /** Emulators in the package that the table lacks. */
  readonly leftOut: readonly string[];
}

/**
 * One package is read at a time, and one host's layers joined: the next host is read while zstd works on the one
 * before, and memory holds one zstd frame (150 MB) and a few programs, whatever the number of hosts.
 */
export interface Turns {
  readonly extract: LimitFunction;
  readonly join: LimitFunction;
}

export interface AssembleContext extends LayerOutput {
  /** That of images with emulators. */
  readonly recipe: Recipe;
  /** The register program. */
  readonly script: string;
  readonly turns: Turns;
  /** SOURCE_DATE_EPOCH, where it is set. https://reproducible-builds.org/specs/source-date-epoch/ */
  readonly sourceDateEpoch: number | null;
  readonly onEvent: OnEvent;
}

/** The time of what is made from packages, in seconds since 1970. */
export function timeOf(
  packages: readonly EmulatorPackage[],
  { sourceDateEpoch }: Pick<AssembleContext, 'sourceDateEpoch'>,
): number {
  return sourceDateEpoch ?? Math.max(...packages.map(({ released }) => Date.parse(released))) / 1000;
}

/** Makes the layers of a host platform, or finds those of an earlier run. */
export async function assemblePlatform(
  fetched: FetchedPlatform,
  context: AssembleContext,
): Promise<PlatformLayers> {
  const { platform, locked } = fetched;
  const [first, ...further] = fetched.packages;
  if (first === undefined) throw new RangeError(`${platform} has no package of emulators`);
  const created = timeOf([first], context);
  const { joined, ...kept } = await ownParts(fetched, first, created, context);
  const own: PackageLayers = { ...first, ...kept, created };
  const others: PackageLayers[] = [];
  for (const one of further) {
    const known = [own, ...others].flatMap(({ emulators }) => emulators.map(({ guest }) => guest));
    const layers = await furtherLayers(fetched, one, timeOf([first, one], context), known, context);
    // Its licences would be in images that contain nothing of it.
    if (layers.emulators.length > 0) others.push(layers);
  }
  const alone: EditionParts = { created, licenses: own.licenses, joined };
  const all = others.length === 0 ? alone : await joinPackages(fetched, [own, ...others], context);
  const register = await registerLayers(fetched, created, context);
  return { platform, locked, register, packages: [own, ...others], editions: { own: alone, all } };
}

type KeptPackage = Pick<PackageLayers, 'emulators' | 'licenses' | 'leftOut'>;
type OwnParts = KeptPackage & Pick<EditionParts, 'joined'>;

function ownParts(
  { platform, sources }: FetchedPlatform,
  fetched: FetchedPackage,
  created: number,
  context: AssembleContext,
): Promise<OwnParts> {
  const { layout, recipe, compressions, onEvent } = context;
  const { locked, version } = fetched;
  return keepLayers<OwnParts>(layout, {
    name: `emulators-${platform}-${version}`,
    inputs: [locked, sourcesFile(locked, sources), created, recipe.copies, compressions],
    layersOf: ({ joined, ...kept }) => [...joined, ...layersIn(kept)],
    make: async () => {
      const made = await packageLayers(platform, fetched, sources, created, () => true, context);
      return { ...made, joined: await join(platform, made.emulators, created, context) };
    },
    onReuse: () => onEvent({ type: 'layers-reused', platform }),
  });
}

/** A package of another channel. @param known guests that packages before it have */
async function furtherLayers(
  { platform, sources }: FetchedPlatform,
  fetched: FetchedPackage,
  created: number,
  known: readonly GuestName[],
  context: AssembleContext,
): Promise<PackageLayers> {
  const { layout, recipe, compressions } = context;
  const { locked, version } = fetched;
  const made = await keepLayers<KeptPackage>(layout, {
    name: `further-${platform}-${version}`,
    inputs: [locked, sourcesFile(locked, sources), created, recipe.copies, compressions, known],
    layersOf: layersIn,
    make: () =>
      packageLayers(platform, fetched, sources, created, (guest) => !known.includes(guest), context),
  });
  return { ...fetched, ...made, created };
}

function layersIn({ emulators, licenses }: KeptPackage): Layer[] {
  return [...licenses, ...emulators.map(({ layer }) => layer)];
}

async function packageLayers(
  platform: HostPlatform,
  fetched: FetchedPackage,
  sources: Lock['sources'],
  mtime: number,
  isWanted: (guest: GuestName) => boolean,
  context: AssembleContext,
): Promise<KeptPackage> {
  const { recipe, turns, onEvent } = context;
  const { deb, locked } = fetched;
  const { emulators, licenses, leftOut } = await turns.extract(() =>
    extractLayers({ platform, deb, locked, mtime, isWanted }, recipe, context, onEvent),
  );
  const files = licenseContext([...licenses, sourcesFile(locked, sources)]);
  const plan = planPart(recipe, 'licenses', files);
  return { emulators, leftOut, licenses: await writeSmallLayer({ plan, files, mtime }, context) };
}

/** The layers over the emulators of several packages. */
function joinPackages(
  { platform }: FetchedPlatform,
  packages: readonly PackageLayers[],
  context: AssembleContext,
): Promise<EditionParts> {
  const { layout, recipe, compressions } = context;
  const created = Math.max(...packages.map((one) => one.created));
  return keepLayers<EditionParts>(layout, {
    name: `joined-${platform}-${packages[0]?.version}`,
    inputs: [packages.map(layersIn), created, recipe.copies, compressions],
    layersOf: ({ joined, licenses }) => [...joined, ...licenses],
    make: async () => {
      const emulators = packages.flatMap((one) => one.emulators);
      const joined = await join(platform, emulators, created, context);
      const files = licenseContext(await licensesOf(packages, context));
      const plan = planPart(recipe, 'licenses', files);
      return { created, joined, licenses: await writeSmallLayer({ plan, files, mtime: created }, context) };
    },
  });
}

/** What the layers of licences have in them, read back: a package's path has its name in it. */
async function licensesOf(
  packages: readonly PackageLayers[],
  { layout }: LayerOutput,
): Promise<LicenseText[]> {
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

/** What is below a package's folder; readers give folders too. */
function isDocument(path: string): boolean {
  return /^usr\/share\/doc\/[^/]+\/[^/]+$/.test(path);
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

function registerLayers(
  { platform, locked, sources, shellDeb }: FetchedPlatform,
  mtime: number,
  context: AssembleContext,
): Promise<Layer[]> {
  const { layout, recipe, script, compressions } = context;
  const named = sourcesFile(locked.shell, sources);
  return keepLayers<Layer[]>(layout, {
    name: `register-${platform}-${locked.version}`,
    inputs: [locked.shell, named, mtime, recipe.copies, compressions, script],
    layersOf: (layers) => layers,
    make: async () => {
      const { program, licenses } = await extractShell(shellDeb, locked.shell, platform);
      const files = registerContext(script, program, [...licenses, named]);
      return writeSmallLayer({ plan: planPart(recipe, 'register', files), files, mtime }, context);
    },
  });
}
