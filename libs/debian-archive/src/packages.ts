import type { PoolPackage } from './files.ts';

/** A source package that went into a binary one. */
export interface SourceReference {
  readonly name: string;
  readonly version: string;
}

/** A package as the index describes it; can be handed to `fetchFile` as it is. */
export interface IndexedPackage extends PoolPackage {
  readonly source: SourceReference;
  /** `Built-Using` and `Static-Built-Using`: sources whose code is inside, besides `source`. */
  readonly builtUsing: readonly SourceReference[];
}

/** The newest version of each package asked for, of one architecture of a suite. */
export interface PackageIndex {
  readonly architecture: string;
  has(name: string): boolean;
  /** @throws ArchiveError PACKAGE_NOT_IN_INDEX */
  get(name: string): IndexedPackage;
}
