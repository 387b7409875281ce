/** An entry by its header block. */
export interface TarHeader {
  /** As it is written, without the slash at the end of a folder. */
  readonly path: string;
  readonly type: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  /** Of a link: where it leads. Empty otherwise. */
  readonly linkname: string;
  /** Whether it has attributes beyond those of a ustar header, such as file capabilities. */
  readonly extended: boolean;
}

/** Takes the content of an entry. What it is given is only there for the time of the call. */
export interface TarContent {
  update(chunk: Uint8Array): void;
  /** After the last byte. */
  end(): void;
}

const BLOCK = 512;
/** The types of POSIX, by their flag; NUL is a file's of older archives. */
const TYPES: Readonly<Record<string, string>> = {
  ...{ '\0': 'file', 0: 'file', 1: 'link', 2: 'symlink', 3: 'character-device', 4: 'block-device' },
  ...{ 5: 'directory', 6: 'fifo', 7: 'contiguous-file' },
};
/** Entries that say more of the next one, or of all that follow: PAX's and GNU's. */
const ABOUT_NEXT = 'xLK';
const ABOUT_ALL = 'g';

/**
 * Reads an archive as it comes, as strictly as an archive of ours can be read: POSIX ustar headers, each entry behind the one
 * before, two blocks of zeros and nothing else behind them. What PAX and GNU add is not understood, only seen.
 * https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html (ustar Interchange Format)
 */
export class TarReader {
  readonly #open: (header: TarHeader) => TarContent;
  readonly #block = Buffer.alloc(BLOCK);
  /** Bytes of the block that are there. */
  #filled = 0;
  /** Bytes of the content, and then of the zeros up to the next block, that are still to come. */
  #left = 0;
  #padding = 0;
  #content: TarContent | null = null;
  #zeroBlocks = 0;
  #extended: 'no' | 'next' | 'all' = 'no';

  /** @param open called for each entry, before its content */
  constructor(open: (header: TarHeader) => TarContent) {
    this.#open = open;
  }

  /** @throws Error if it is not an archive */
  write(chunk: Uint8Array): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.#left > 0) at += this.#passOn(chunk.subarray(at, at + this.#left));
      else if (this.#padding > 0) {
        const skipped = Math.min(this.#padding, chunk.length - at);
        this.#padding -= skipped;
        at += skipped;
      } else at += this.#fill(chunk.subarray(at, at + BLOCK - this.#filled));
    }
  }

  /** Whether the archive may go on here with an entry, of which nothing before has said anything. */
  get isBetweenEntries(): boolean {
    return !this.#isInside && this.#zeroBlocks === 0 && this.#extended === 'no';
  }

  /** Whether the archive may end here. */
  get hasEnded(): boolean {
    return !this.#isInside && this.#zeroBlocks >= 2;
  }

  get #isInside(): boolean {
    return this.#left + this.#padding + this.#filled > 0;
  }

  /** @throws Error where the archive does not end here */
  end(): void {
    if (!this.hasEnded) throw new Error('the archive is cut short');
  }

  #passOn(part: Uint8Array): number {
    this.#content?.update(part);
    this.#left -= part.length;
    if (this.#left === 0) this.#content?.end();
    return part.length;
  }

  #fill(part: Uint8Array): number {
    this.#block.set(part, this.#filled);
    this.#filled += part.length;
    if (this.#filled === BLOCK) {
      this.#filled = 0;
      this.#takeBlock(this.#block);
    }
    return part.length;
  }

  #takeBlock(block: Buffer): void {
    if (block.every((byte) => byte === 0)) {
      this.#zeroBlocks += 1;
      return;
    }
    if (this.#zeroBlocks > 0) throw new Error('the archive has more behind its end');
    const header = parseHeader(block);
    this.#left = header.size;
    this.#padding = (BLOCK - (header.size % BLOCK)) % BLOCK;
    if (ABOUT_NEXT.includes(header.flag) || header.flag === ABOUT_ALL) {
      this.#content = null;
      if (this.#extended !== 'all') this.#extended = header.flag === ABOUT_ALL ? 'all' : 'next';
      return;
    }
    const { flag, ...rest } = header;
    const type = flag === '0' && rest.isFolder ? 'directory' : (TYPES[flag] ?? `"${flag}"`);
    if (type !== 'file' && type !== 'contiguous-file' && TYPES[flag] !== undefined && header.size > 0)
      throw new Error(`the ${type} ${rest.path} has a content`);
    const { isFolder: _, ...said } = rest;
    this.#content = this.#open({ ...said, type, extended: this.#extended !== 'no' });
    if (this.#extended === 'next') this.#extended = 'no';
    if (this.#left === 0) this.#content.end();
  }
}

/** @throws Error */
function parseHeader(block: Buffer) {
  const text = (offset: number, length: number) => {
    const field = block.subarray(offset, offset + length);
    const end = field.indexOf(0);
    return field.toString('utf8', 0, end < 0 ? length : end);
  };
  const number = (offset: number, length: number) => {
    const digits = block
      .toString('latin1', offset, offset + length)
      .replace(/[\0 ]+$/, '')
      .trimStart();
    if (!/^[0-7]*$/.test(digits)) throw new Error('a header has a number that is not octal');
    return digits === '' ? 0 : Number.parseInt(digits, 8);
  };
  // The checksum is the sum of all bytes with its own field taken as spaces.
  const own = block.subarray(148, 156).reduce((sum, byte) => sum + byte, 0);
  const sum = block.reduce((total, byte) => total + byte, 0) - own + 8 * 0x20;
  if (number(148, 8) !== sum) throw new Error('a header has a wrong checksum');
  if (block.toString('latin1', 257, 265) !== 'ustar\x0000') throw new Error('a header is not of POSIX ustar');
  const prefix = text(345, 155);
  const name = text(0, 100);
  const path = prefix === '' ? name : `${prefix}/${name}`;
  return {
    path: path.replace(/\/$/, ''),
    isFolder: path.endsWith('/'),
    flag: String.fromCharCode(block[156] ?? 0),
    mode: number(100, 8),
    uid: number(108, 8),
    gid: number(116, 8),
    size: number(124, 12),
    linkname: text(157, 100),
  };
}
