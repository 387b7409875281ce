import { buffer } from 'node:stream/consumers';
import { ArchiveError } from './errors.ts';

/** A file inside an ar archive. The body must be read to its end before the next member is asked for. */
export interface ArMember {
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  readonly body: AsyncIterable<Uint8Array>;
}

const MAGIC = '!<arch>\n';
const HEADER_BYTES = 60;

/**
 * The members of an ar archive in the form Debian packages have: short names only, deb(5) and ar(5).
 * A body that is not read is skipped.
 *
 * @throws ArchiveError DEB_MALFORMED, also if it is cut short
 */
export async function* readAr(source: AsyncIterable<Uint8Array>): AsyncGenerator<ArMember> {
  const bytes = new Pieces(source);
  try {
    if ((await bytes.text(MAGIC.length)) !== MAGIC) throw malformed('it is not an ar archive');
    while (!(await bytes.atEnd())) {
      const { name, size } = parseHeader(await bytes.text(HEADER_BYTES));
      const body = bytes.next(size);
      yield { name, size, body };
      for await (const _ of body) {
        // Skipped.
      }
      // Members begin at even offsets; the last may lack the padding.
      if (size % 2 === 1 && !(await bytes.atEnd())) await bytes.text(1);
    }
  } finally {
    await bytes.close();
  }
}

/** Name, date, owner, group, mode, size and end mark, each of fixed width. */
function parseHeader(header: string): { name: string; size: number } {
  const found = /(.{16}).{32}(?=.{10}`\n)(\d+) *`/.exec(header);
  if (found === null) throw malformed('a member has no proper header');
  const [, name = '', size] = found;
  return { name: name.trimEnd().replace(/\/$/, ''), size: Number(size) };
}

/** A stream read in pieces of given lengths. */
class Pieces {
  readonly #source: AsyncIterator<Uint8Array>;
  #chunk: Uint8Array = new Uint8Array();

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  async atEnd(): Promise<boolean> {
    while (this.#chunk.length === 0) {
      const { done, value } = await this.#source.next();
      if (done) return true;
      this.#chunk = value;
    }
    return false;
  }

  async close(): Promise<void> {
    await this.#source.return?.();
  }

  async *next(length: number): AsyncGenerator<Uint8Array> {
    for (let left = length; left > 0; ) {
      if (await this.atEnd()) throw malformed('it is cut short');
      const piece = this.#chunk.subarray(0, left);
      this.#chunk = this.#chunk.subarray(piece.length);
      left -= piece.length;
      yield piece;
    }
  }

  async text(length: number): Promise<string> {
    return (await buffer(this.next(length))).toString('latin1');
  }
}

function malformed(reason: string): ArchiveError {
  return new ArchiveError('DEB_MALFORMED', reason);
}
