import { availableParallelism } from 'node:os';
import { GUEST_NAMES, type GuestName, type HostPlatform } from '@qemu-user-static/arch-table';
import { SharedMemory } from '@qemu-user-static/compression';
import type { LockedPackage } from '@qemu-user-static/lock';
import { emulatorEntry, type LicenseText } from '../images/context.ts';
import type { Recipe } from '../images/dockerfile.ts';
import { planPart } from '../images/layer-plan.ts';
import type { OnEvent } from '../report/events.ts';
import { type EmulatorLayer, writeEmulatorLayer } from './emulator-layer.ts';
import { extractEmulators } from './extract.ts';
import type { LayerOutput } from './small-layer.ts';

/** What reading a package gives: each emulator in a layer of its own, and the licence texts. */
export interface ExtractedLayers {
  readonly emulators: EmulatorLayer[];
  readonly licenses: LicenseText[];
  /** Emulators in the package that the table lacks. */
  readonly leftOut: string[];
}

/** A package of emulators in the cache. */
export interface EmulatorsPackage {
  readonly platform: HostPlatform;
  readonly deb: string;
  readonly locked: LockedPackage;
  /** Seconds since 1970: the time of the files. */
  readonly mtime: number;
  /** Whether a guest's emulator is taken. */
  readonly isWanted: (guest: GuestName) => boolean;
}

/** Reads a package, and writes a layer for each emulator as it comes. */
export async function extractLayers(
  { platform, deb, locked, mtime, isWanted }: EmulatorsPackage,
  recipe: Recipe,
  output: Pick<LayerOutput, 'layout' | 'gzip'>,
  onEvent: OnEvent,
): Promise<ExtractedLayers> {
  const extracted: ExtractedLayers = { emulators: [], licenses: [], leftOut: [] };
  const inWork = new Set<Promise<void>>();
  const memory = new SharedMemory();
  try {
    for await (const found of extractEmulators(deb, locked, platform, (size) => memory.take(size))) {
      if (found.kind === 'license') extracted.licenses.push(found.license);
      if (found.kind === 'unknown') extracted.leftOut.push(found.path);
      if (found.kind !== 'emulator') continue;
      const { guest, program } = found;
      if (!isWanted(guest)) {
        memory.giveBack(program);
        continue;
      }
      const plan = planPart(recipe, 'emulators', [emulatorEntry(guest)]);
      const work = writeEmulatorLayer({ plan, guest, program, mtime }, output).then((layer) => {
        extracted.emulators.push(layer);
        memory.giveBack(program);
        inWork.delete(work);
        onEvent({ type: 'emulator-done', platform, guest });
      });
      // A failure shows when it is awaited; until then it must not count as unhandled.
      work.catch(() => undefined);
      inWork.add(work);
      // No more programs lie in memory than can be compressed at once.
      if (inWork.size >= availableParallelism()) await Promise.race(inWork);
    }
    await Promise.all(inWork);
  } finally {
    // Where the package is damaged: what has been read of it is still being written.
    await Promise.allSettled(inWork);
  }
  extracted.emulators.sort((a, b) => GUEST_NAMES.indexOf(a.guest) - GUEST_NAMES.indexOf(b.guest));
  return extracted;
}
