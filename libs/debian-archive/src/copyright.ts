import { createReadStream } from 'node:fs';
import { CheckedFile } from './checked.ts';
import { type Compression, decompress } from './decompress.ts';
import { ArchiveError } from './errors.ts';
import type { ArchiveFile } from './files.ts';
import { readTar } from './tar.ts';

/** The archive of a source package that contains `debian/`: `qemu_11.1.3+ds-1.debian.tar.xz`. */
const DEBIAN_TAR = /\.debian\.tar\.(xz|gz|zst)$/;

/**
 * The file of a source package that contains only its `debian/` folder; undefined for native packages and old
 * formats, which have `debian/` among everything else.
 * https://manpages.debian.org/dpkg-source.1#Format:_3.0_(quilt)
 */
export function debianTarOf<File extends ArchiveFile>(files: readonly File[]): File | undefined {
  return files.find(({ path }) => DEBIAN_TAR.test(path));
}

/** Far above any copyright file: the largest of Debian's have a few MB. */
const LONGEST_TEXT = 16 << 20;

/**
 * The text of `debian/copyright` in such a file; null if it has none. It is read to its end, and what is read is hashed.
 *
 * @throws ArchiveError SIZE_DIFFERS, HASH_DIFFERS, PACKAGE_UNREADABLE, COMPRESSION_MALFORMED, TAR_MALFORMED,
 *   PATH_UNSAFE, XZ_MISSING, XZ_FAILED, RESOURCES_EXHAUSTED
 */
export async function readSourceCopyright(path: string, file: ArchiveFile): Promise<string | null> {
  const compression = DEBIAN_TAR.exec(file.path)?.[1] as Compression | undefined;
  if (compression === undefined) throw new ArchiveError('TAR_MALFORMED', `${file.path} is not a debian.tar`);
  const tar = new CheckedFile(createReadStream(path), file);
  try {
    let text: string | null = null;
    for await (const entry of readTar(decompress(tar, compression))) {
      if (entry.path !== 'debian/copyright' || entry.type !== 'file') continue;
      if (entry.size > LONGEST_TEXT)
        throw new ArchiveError('TAR_MALFORMED', `${entry.path} has ${entry.size} bytes`);
      text = new TextDecoder().decode(await entry.read());
    }
    return text;
  } catch (error) {
    throw compression === 'xz' ? await tar.blameXz(error) : error;
  } finally {
    await tar.close();
  }
}

/**
 * The licences that a machine-readable copyright file names, as it writes them (`GPL-2+ or BSD-3-clause`), sorted;
 * none if the file is only for people to read.
 * https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/#license-field
 */
export function declaredLicenses(copyright: string): string[] {
  if (!/^Format:\s*https?:\/\/[^\n]*\bcopyright-format\b/m.test(copyright.slice(0, 1000))) return [];
  const names = copyright.matchAll(/^License:[ \t]*(\S[^\n]*)/gm);
  return [...new Set(Array.from(names, ([, name = '']) => name.trim().replace(/\s+/g, ' ')))].sort();
}
