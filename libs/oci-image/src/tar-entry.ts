import { ImageError } from './errors.ts';

/** One entry of a layer. Owner is always root:root; times are the layer's. */
export interface TarEntry {
  /** Path from the root, no leading `/` or `./`, no trailing `/`. */
  readonly path: string;
  readonly type: 'file' | 'directory' | 'symlink';
  /** Permission bits, sticky and setuid included. */
  readonly mode: number;
  /** Content's length in bytes; 0 except for files. */
  readonly size: number;
  /** Where a symlink points. */
  readonly linkname?: string;
}

const BLOCK = 512;
const TYPE_FLAG = { file: '0', symlink: '2', directory: '5' } as const;

/** The end of an archive: two blocks of zeros. */
export const END_OF_ARCHIVE = new Uint8Array(2 * BLOCK);

/**
 * An entry's header block in POSIX ustar format. What ustar cannot say (paths over 100 bytes, sizes over
 * 8 GiB) is refused: layers here have none, and an extension would be one more thing to agree on.
 * https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html (ustar Interchange Format)
 *
 * @param mtime seconds since 1970
 * @throws ImageError TAR_UNREPRESENTABLE
 */
export function tarHeader(entry: TarEntry, mtime: number): Uint8Array {
  const block = Buffer.alloc(BLOCK);
  const text = (value: string, offset: number, length: number, what: string) => {
    if (Buffer.byteLength(value) > length) {
      throw new ImageError(
        'TAR_UNREPRESENTABLE',
        `${what} of ${entry.path} is longer than ${length} bytes: ${value}`,
      );
    }
    block.write(value, offset);
  };
  const octal = (value: number, offset: number, length: number, what: string) => {
    text(value.toString(8).padStart(length - 1, '0'), offset, length - 1, what);
  };
  text(entry.type === 'directory' ? `${entry.path}/` : entry.path, 0, 100, 'the path');
  octal(entry.mode, 100, 8, 'the mode');
  octal(0, 108, 8, 'the owner');
  octal(0, 116, 8, 'the group');
  octal(entry.size, 124, 12, 'the size');
  octal(mtime, 136, 12, 'the time');
  text(TYPE_FLAG[entry.type], 156, 1, 'the type');
  text(entry.linkname ?? '', 157, 100, 'the link target');
  text('ustar', 257, 5, 'the format');
  text('00', 263, 2, 'the version');
  text('root', 265, 32, 'the owner’s name');
  text('root', 297, 32, 'the group’s name');

  // The checksum is the sum of all bytes with its own field taken as spaces.
  block.fill(' ', 148, 156);
  const checksum = block.reduce((sum, byte) => sum + byte, 0);
  block.write(`${checksum.toString(8).padStart(6, '0')}\0 `, 148);
  return block;
}

/** A whole entry: header, content, zeros up to the next block. Apart, so that a large content is not copied. */
export function tarEntry(entry: TarEntry, content: Uint8Array, mtime: number): Uint8Array[] {
  const header = tarHeader({ ...entry, size: content.length }, mtime);
  return [header, content, new Uint8Array(tarEntryLength(content.length) - BLOCK - content.length)];
}

/** How long `tarEntry` is, without making it. */
export function tarEntryLength(size: number): number {
  return BLOCK + Math.ceil(size / BLOCK) * BLOCK;
}
