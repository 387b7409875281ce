import { availableParallelism } from 'node:os';
import { GUEST_NAMES, type HostPlatform } from '@qemu-user-static/arch-table';
import type { Compression, GzipPool } from '@qemu-user-static/compression';
import { memoKey, recall, remember } from '@qemu-user-static/files';
import { LAYERS_VERSION, type Lock, type LockedPlatform } from '@qemu-user-static/lock';
import { blobSize, type Layer, type Layout } from '@qemu-user-static/oci-image';
import type { LimitFunction } from 'p-limit';
import {
  type ContextFile,
  emulatorEntry,
  type LicenseText,
  licenseContext,
  registerContext,
  sourcesFile,
} from '../images/context.ts';
import type { Recipe } from '../images/dockerfile.ts';
import { planPart } from '../images/layer-plan.ts';
import type { OnEvent } from '../report/events.ts';
import { type EmulatorLayer, writeEmulatorLayer } from './emulator-layer.ts';
import { extractEmulators, extractShell } from './extract.ts';
import { writeJoinedLayers } from './joined-layers.ts';
import { writeSmallLayer } from './small-layer.ts';

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
  /** Emulators in the package that the table does not have. */
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

export interface AssembleContext {
  readonly layout: Layout;
  /** The rendered Dockerfile of an image with emulators. */
  readonly recipe: Recipe;
  /** The register program. */
  readonly script: string;
  readonly compressions: readonly Compression[];
  readonly gzip: GzipPool;
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

async function emulatorParts(
  fetched: FetchedPlatform,
  created: number,
  context: AssembleContext,
): Promise<EmulatorParts> {
  const { platform, locked, sources } = fetched;
  const { layout, recipe, compressions } = context;
  const named = sourcesFile(locked.emulators, sources);
  const key = memoKey([LAYERS_VERSION, locked.emulators, named, created, recipe.copies, compressions]);
  const name = `emulators-${platform}-${locked.version}`;
  const earlier = await recall<EmulatorParts>(layout, name, key);
  if (
    earlier !== null &&
    (await isWhole(layout, [
      ...earlier.joined,
      ...earlier.licenses,
      ...earlier.emulators.map((e) => e.layer),
    ]))
  ) {
    context.onEvent({ type: 'layers-reused', platform });
    return earlier;
  }
  const made = await makeEmulatorParts(fetched, created, context);
  await remember(layout, name, key, made);
  return made;
}

async function makeEmulatorParts(
  fetched: FetchedPlatform,
  created: number,
  context: AssembleContext,
): Promise<EmulatorParts> {
  const { layout, recipe, compressions, gzip, turns } = context;
  const { emulators, licenses, leftOut } = await turns.extract(() =>
    extractLayers(fetched, created, context),
  );

  const sourceOf = new Map(emulators.map((emulator) => [emulatorEntry(emulator.guest).path, emulator]));
  const entries = emulators.map(({ guest }) => emulatorEntry(guest));
  const joining = { layout, plan: planPart(recipe, 'emulators', entries), sourceOf, mtime: created };
  const joined = await turns.join(() => writeJoinedLayers(joining, compressions, gzip));
  context.onEvent({ type: 'layers-joined', platform: fetched.platform });

  const named = sourcesFile(fetched.locked.emulators, fetched.sources);
  const files = licenseContext([...licenses, named]);
  const licensePlan = planPart(recipe, 'licenses', files);
  const small = await writeSmallLayer(layout, licensePlan, files, compressions, created, gzip);
  return { emulators, joined, licenses: small, leftOut };
}

/** What reading a package gives: each emulator in a layer of its own, and the licence texts. */
interface ExtractedLayers {
  readonly emulators: EmulatorLayer[];
  readonly licenses: LicenseText[];
  readonly leftOut: string[];
}

async function extractLayers(
  { platform, locked, emulatorsDeb }: FetchedPlatform,
  created: number,
  { layout, recipe, gzip, onEvent }: AssembleContext,
): Promise<ExtractedLayers> {
  const extracted: ExtractedLayers = { emulators: [], licenses: [], leftOut: [] };
  const inWork = new Set<Promise<void>>();
  for await (const found of extractEmulators(emulatorsDeb, locked.emulators, platform)) {
    if (found.kind === 'license') extracted.licenses.push(found.license);
    if (found.kind === 'unknown') extracted.leftOut.push(found.path);
    if (found.kind !== 'emulator') continue;
    const plan = planPart(recipe, 'emulators', [emulatorEntry(found.guest)]);
    const work = writeEmulatorLayer(layout, plan, found.guest, found.program, created, gzip).then((layer) => {
      extracted.emulators.push(layer);
      inWork.delete(work);
      onEvent({ type: 'emulator-done', platform, guest: found.guest });
    });
    // A failure shows when it is awaited; until then it must not count as unhandled.
    work.catch(() => undefined);
    inWork.add(work);
    // No more programs lie in memory than can be compressed at once.
    if (inWork.size >= availableParallelism()) await Promise.race(inWork);
  }
  await Promise.all(inWork);
  extracted.emulators.sort((a, b) => GUEST_NAMES.indexOf(a.guest) - GUEST_NAMES.indexOf(b.guest));
  return extracted;
}

async function registerLayers(
  fetched: FetchedPlatform,
  created: number,
  context: AssembleContext,
): Promise<Layer[]> {
  const { platform, locked, sources, shellDeb } = fetched;
  const { layout, recipe, script, compressions } = context;
  const named = sourcesFile(locked.shell, sources);
  const key = memoKey([LAYERS_VERSION, locked.shell, named, created, recipe.copies, compressions, script]);
  const name = `register-${platform}-${locked.version}`;
  const earlier = await recall<Layer[]>(layout, name, key);
  if (earlier !== null && (await isWhole(layout, earlier))) return earlier;
  const { program, licenses } = await extractShell(shellDeb, locked.shell, platform);
  const files: ContextFile[] = registerContext(script, program, [...licenses, named]);
  const layers = await writeSmallLayer(
    layout,
    planPart(recipe, 'register', files),
    files,
    compressions,
    created,
    context.gzip,
  );
  await remember(layout, name, key, layers);
  return layers;
}

/** Whether the blobs of an earlier run are still there; what is there was hashed before the build began. */
async function isWhole(layout: Layout, layers: readonly Layer[]): Promise<boolean> {
  const sizes = await Promise.all(layers.map(({ digest }) => blobSize(layout, digest)));
  return layers.every(({ size }, index) => sizes[index] === size);
}
