import type { HostPlatform } from '@qemu-user-static/arch-table';
import type { Lock, LockedPlatform } from '@qemu-user-static/lock';
import type { Layer } from '@qemu-user-static/oci-image';
import type { LimitFunction } from 'p-limit';
import { emulatorEntry, licenseContext, registerContext, sourcesFile } from '../images/context.ts';
import type { Recipe } from '../images/dockerfile.ts';
import { planPart } from '../images/layer-plan.ts';
import type { OnEvent } from '../report/events.ts';
import type { EmulatorLayer } from './emulator-layer.ts';
import { extractShell } from './extract.ts';
import { extractLayers } from './extract-layers.ts';
import { writeJoinedLayers } from './joined-layers.ts';
import { keepLayers } from './keep-layers.ts';
import { type LayerOutput, writeSmallLayer } from './small-layer.ts';

/** Where a platform's packages lie in the cache. */
export interface FetchedPlatform {
  readonly platform: HostPlatform;
  readonly locked: LockedPlatform;
  /** The lock's, with those of these packages among them. */
  readonly sources: Lock['sources'];
  readonly emulatorsDeb: string;
  readonly shellDeb: string;
}

/** The layers from which all images of a host platform are put together. */
export interface PlatformLayers {
  readonly platform: HostPlatform;
  readonly locked: LockedPlatform;
  /** Seconds since 1970. */
  readonly created: number;
  readonly register: readonly Layer[];
  readonly licenses: readonly Layer[];
  readonly joined: readonly Layer[];
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

/** Makes the layers of a host platform, or finds those of an earlier run. */
export async function assemblePlatform(
  fetched: FetchedPlatform,
  context: AssembleContext,
): Promise<PlatformLayers> {
  const { platform, locked } = fetched;
  const created = context.sourceDateEpoch ?? Date.parse(locked.released) / 1000;
  const emulators = await emulatorParts(fetched, created, context);
  const register = await registerLayers(fetched, created, context);
  return { platform, locked, created, register, ...emulators };
}

type EmulatorParts = Pick<PlatformLayers, 'emulators' | 'joined' | 'licenses' | 'leftOut'>;

function emulatorParts(
  fetched: FetchedPlatform,
  created: number,
  context: AssembleContext,
): Promise<EmulatorParts> {
  const { platform, locked, sources } = fetched;
  const { layout, recipe, compressions, onEvent } = context;
  const named = sourcesFile(locked.emulators, sources);
  return keepLayers<EmulatorParts>(layout, {
    name: `emulators-${platform}-${locked.version}`,
    inputs: [locked.emulators, named, created, recipe.copies, compressions],
    layersOf: ({ joined, licenses, emulators }) => [
      ...joined,
      ...licenses,
      ...emulators.map(({ layer }) => layer),
    ],
    make: () => makeEmulatorParts(fetched, created, context),
    onReuse: () => onEvent({ type: 'layers-reused', platform }),
  });
}

async function makeEmulatorParts(
  { platform, locked, sources, emulatorsDeb }: FetchedPlatform,
  mtime: number,
  context: AssembleContext,
): Promise<EmulatorParts> {
  const { recipe, turns, onEvent } = context;
  const source = { platform, deb: emulatorsDeb, locked: locked.emulators, mtime };
  const { emulators, licenses, leftOut } = await turns.extract(() =>
    extractLayers(source, recipe, context, onEvent),
  );

  const sourceOf = new Map(emulators.map((emulator) => [emulatorEntry(emulator.guest).path, emulator]));
  const entries = emulators.map(({ guest }) => emulatorEntry(guest));
  const joining = { plan: planPart(recipe, 'emulators', entries), sourceOf, mtime };
  const joined = await turns.join(() => writeJoinedLayers(joining, context));
  onEvent({ type: 'layers-joined', platform });

  const files = licenseContext([...licenses, sourcesFile(locked.emulators, sources)]);
  const plan = planPart(recipe, 'licenses', files);
  return { emulators, joined, licenses: await writeSmallLayer({ plan, files, mtime }, context), leftOut };
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
