import type { Stanza } from './deb822.ts';

export interface DebEntry {
  /** Relative, without `./` and trailing slash. */
  readonly path: string;
  readonly type: 'file' | 'directory' | 'symlink' | 'hardlink';
  /** Permission bits, such as 0o755. */
  readonly mode: number;
  /** Bytes; 0 unless a file. */
  readonly size: number;
  readonly mtime: Date;
  /** The target of a symlink as written, or the path of a hardlink's first name; else empty. */
  readonly linkname: string;
  /** The file's bytes; can be called once, before the next entry is asked for. */
  read(): Promise<Uint8Array>;
}

/**
 * The files of a package, in order. Size and hash of the whole are known only at its end: commit nothing
 * that was read before the generator has ended without an error.
 */
export async function* readDeb(
  _source: AsyncIterable<Uint8Array>,
  _expected: { readonly size: number; readonly sha256: string },
): AsyncGenerator<DebEntry, void, undefined> {
  yield* [];
  throw new Error('not yet');
}

/** The fields of the package's control file. Reads no further than that. */
export async function readControl(_source: AsyncIterable<Uint8Array>): Promise<Stanza> {
  throw new Error('not yet');
}
