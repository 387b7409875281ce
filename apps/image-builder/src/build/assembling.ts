import type { GuestName, HostPlatform } from '@qemu-user-static/arch-table';
import type { EmulatorPackage, Lock, LockedPlatform } from '@qemu-user-static/lock';
import type { Recipe } from '../images/dockerfile.ts';
import type { OnEvent } from '../report/events.ts';
import type { EmulatorLayer } from './emulator-layer.ts';
import type { LayerCache } from './layer-cache.ts';
import type { ImageParts, PackageParts } from './make-image.ts';
import type { LayerOutput } from './small-layer.ts';

/** A platform's packages. */
export interface FetchedPlatform {
  readonly platform: HostPlatform;
  readonly locked: LockedPlatform;
  /** The lock's, with those of these packages among them. */
  readonly sources: Lock['sources'];
  /** Those with emulators, its own first. */
  readonly packages: readonly FetchedPackage[];
  /** Where the shell's package is in the cache. */
  shellDeb(): Promise<string>;
}

export interface FetchedPackage extends EmulatorPackage {
  /** Where it is in the cache; it is looked at, and fetched again where it is damaged, only when somebody asks. */
  deb(): Promise<string>;
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

/** Does a work when its turn comes. @throws what the work throws; what an earlier one threw, and then it is not begun */
export type Turn = <T>(work: () => Promise<T>) => Promise<T>;

/**
 * One package is read at a time, and one host's layers joined: the next host is read while zstd works on the one
 * before, and memory holds the content of one zstd frame (half a gigabyte) and a few programs, whatever the number of hosts.
 */
export interface Turns {
  readonly extract: Turn;
  readonly join: Turn;
}

export interface AssembleContext extends LayerOutput {
  /** That of images with emulators. */
  readonly recipe: Recipe;
  /** The register program. */
  readonly script: string;
  /** The guests of the images `common`. */
  readonly common: readonly GuestName[];
  readonly turns: Turns;
  /** Layers of earlier runs. */
  readonly cache: LayerCache;
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
