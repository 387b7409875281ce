import { createHash } from 'node:crypto';
import { ArchiveError, type ArchiveErrorCode } from './errors.ts';
import type { ArchiveFile } from './files.ts';
import { systemError } from './limits.ts';

/** The expected size and hash of a file. */
export type Expected = Pick<ArchiveFile, 'size' | 'sha256'>;

/**
 * The bytes of a file as they are read, and at their end the proof that they are the expected ones: what was hashed is
 * what was read. Use nothing of them before they have ended without an error.
 *
 * @throws ArchiveError PACKAGE_UNREADABLE, RESOURCES_EXHAUSTED; at the end what `refuse` returns, SIZE_DIFFERS or
 *   HASH_DIFFERS unless it is given
 */
export async function* checked(
  source: AsyncIterable<Uint8Array>,
  expected: Expected,
  refuse = (code: 'SIZE_DIFFERS' | 'HASH_DIFFERS', message: string) => new ArchiveError(code, message),
): AsyncGenerator<Uint8Array> {
  const hash = createHash('sha256');
  let size = 0;
  for await (const chunk of readable(source)) {
    hash.update(chunk);
    size += chunk.length;
    if (size > expected.size) {
      throw refuse('SIZE_DIFFERS', `it has more than ${expected.size} bytes`);
    }
    yield chunk;
  }
  if (size !== expected.size) {
    throw refuse('SIZE_DIFFERS', `it has ${size} bytes, not ${expected.size}`);
  }
  const sha256 = hash.digest('hex');
  if (sha256 !== expected.sha256) {
    throw refuse('HASH_DIFFERS', `it has SHA-256 ${sha256}, not ${expected.sha256}`);
  }
}

/** The same bytes; gives a code to what fails when they are read. */
async function* readable(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* source;
  } catch (cause) {
    if (cause instanceof ArchiveError) throw cause;
    throw systemError('PACKAGE_UNREADABLE', (cause as Error).message, cause);
  }
}

/** A file that others read, and of which it is asked afterwards whether it was the expected one. */
export class CheckedFile implements AsyncIterable<Uint8Array> {
  readonly #bytes: AsyncGenerator<Uint8Array>;
  #failure: unknown;

  constructor(source: AsyncIterable<Uint8Array>, expected: Expected) {
    this.#bytes = checked(source, expected);
  }

  /** Stays open when its reader stops early. */
  [Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    return { next: () => this.#next() };
  }

  async #next(): Promise<IteratorResult<Uint8Array>> {
    try {
      return await this.#bytes.next();
    } catch (error) {
      this.#failure = error;
      throw error;
    }
  }

  /**
   * The error for one that reading through xz ended in. The rest is read first: if the file is not the expected one, that
   * is the error. If it is, what xz printed is xz's own: Debian packs no such tar archive.
   */
  async blameXz(error: unknown): Promise<unknown> {
    if (!(error instanceof ArchiveError) || !MAY_BE_OF_XZ.has(error.code)) return error;
    try {
      for await (const _ of this);
    } catch {
      // It is kept in `#failure`, where an error of an earlier reader is too.
    }
    if (this.#failure !== undefined) return this.#failure;
    if (error.code === 'XZ_FAILED') return error;
    return new ArchiveError('XZ_FAILED', `xz printed what is not a tar archive: ${error.message}`, error);
  }

  async close(): Promise<void> {
    await this.#bytes.return(undefined);
  }
}

const MAY_BE_OF_XZ: ReadonlySet<ArchiveErrorCode> = new Set(['TAR_MALFORMED', 'XZ_FAILED']);
