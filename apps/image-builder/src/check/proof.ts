import type { HostPlatform } from '@qemu-user-static/arch-table';
import type { Lock, LockedPackage } from '@qemu-user-static/lock';
import type { LicenseText } from '../images/context.ts';

/** The SHA-256 of a package's files, by their path in it. */
export type PackageContents = ReadonlyMap<string, string>;

/** The packages of the lock. Its functions throw an ArchiveError for one that is neither in the cache nor on a server. */
export interface Packages {
  contentsOf(emulators: LockedPackage): Promise<PackageContents>;
  /** The program itself, for its applets become links. */
  shellOf(shell: LockedPackage, platform: HostPlatform): Promise<Shell>;
}

export interface Shell {
  readonly program: Uint8Array;
  readonly licenses: readonly LicenseText[];
}

/** The expected images: this checkout and the packages of its lock give them. */
export interface Proof {
  readonly lock: Lock;
  /** Text of Dockerfile.template. */
  readonly template: string;
  /** The register program. */
  readonly script: string;
  readonly packages: Packages;
  /**
   * A folder of the user's own, never of a layout: what earlier runs found is kept in it, and emulators are run from it
   * where the temporary folder does not allow that.
   */
  readonly memory: string;
}
