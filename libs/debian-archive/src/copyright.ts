import { createReadStream } from 'node:fs';
import { type Compression, decompress } from './decompress.ts';
import { ArchiveError } from './errors.ts';
import type { ArchiveFile } from './files.ts';
import { readTar } from './tar.ts';

/** The archive of a source package in which `debian/` lies: `qemu_11.1.3+ds-1.debian.tar.xz`. */
const DEBIAN_TAR = /\.debian\.tar\.(xz|gz|zst)$/;

/**
 * The file of a source package that has its `debian/copyright` at hand; undefined for native packages and old
 * formats, where it lies among everything else.
 * https://manpages.debian.org/dpkg-source.1#Format:_3.0_(quilt)
 */
export function debianTarOf<File extends ArchiveFile>(files: readonly File[]): File | undefined {
  return files.find(({ path }) => DEBIAN_TAR.test(path));
}

/**
 * The text of `debian/copyright` in such a file, whose bytes have been verified; null if there is none.
 * @throws ArchiveError COMPRESSION_MALFORMED, TAR_MALFORMED, PATH_UNSAFE, XZ_MISSING
 */
export async function readSourceCopyright(tar: string, { path }: ArchiveFile): Promise<string | null> {
  const [, compression] = DEBIAN_TAR.exec(path) ?? [];
  if (compression === undefined) throw new ArchiveError('TAR_MALFORMED', `${path} is no debian.tar`);
  for await (const entry of readTar(decompress(createReadStream(tar), compression as Compression))) {
    if (entry.path === 'debian/copyright' && entry.type === 'file')
      return new TextDecoder().decode(await entry.read());
  }
  return null;
}

/**
 * The licences that a machine-readable copyright file names, as it writes them (`GPL-2+ or BSD-3-clause`), sorted;
 * none if the file is only for people to read.
 * https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/#license-field
 */
export function declaredLicenses(copyright: string): string[] {
  if (!/^Format:\s*https?:\/\/[^\n]*\bcopyright-format\b/m.test(copyright.slice(0, 1000))) return [];
  const names = copyright.matchAll(/^License:[ \t]*(\S[^\n]*)$/gm);
  return [...new Set(Array.from(names, ([, name = '']) => name.trim().replace(/\s+/g, ' ')))].sort();
}
