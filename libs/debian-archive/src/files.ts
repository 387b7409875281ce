/** A file of the archive that is known by its hash. `path` is relative to the mirror's root, `size` in bytes. */
export interface ArchiveFile {
  readonly path: string;
  readonly size: number;
  /** 64 lower-case hex digits. */
  readonly sha256: string;
}

/** A package in the archive's pool. Name, version and architecture find it again once it has left the pool. */
export interface PoolPackage extends ArchiveFile {
  readonly package: string;
  readonly version: string;
  readonly architecture: string;
}
