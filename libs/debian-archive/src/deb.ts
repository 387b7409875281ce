import { buffer } from 'node:stream/consumers';
import { type ArMember, readAr } from './ar.ts';
import { CheckedFile } from './checked.ts';
import { type Compression, decompress } from './decompress.ts';
import { ArchiveError } from './errors.ts';
import type { ArchiveFile } from './files.ts';
import { readTar, type TarEntry } from './tar.ts';

/** A file, directory or link that the package installs. */
export type DebEntry = TarEntry;

/**
 * The files that a package installs, in order, one entry in memory at a time. Size and hash of the whole are known
 * only at its end: commit nothing that was read before the generator has ended without an error. Where xz decompresses
 * to what is not a tar archive, the package is read to its end, and xz is at fault if it is the expected one.
 *
 * @param expected its `path` is named in errors
 * @throws ArchiveError PACKAGE_UNREADABLE, DEB_MALFORMED, TAR_MALFORMED, COMPRESSION_MALFORMED, PATH_UNSAFE,
 *   XZ_MISSING, XZ_FAILED, RESOURCES_EXHAUSTED; SIZE_DIFFERS, HASH_DIFFERS at the end
 */
export async function* readDeb(
  source: AsyncIterable<Uint8Array>,
  expected: ArchiveFile,
): AsyncGenerator<DebEntry, void, undefined> {
  const deb = new CheckedFile(source, expected);
  const members = readAr(deb);
  let compression: Compression = 'none';
  try {
    await requireFormat(members);
    await nextMember(members, 'control.tar');
    const data = await nextMember(members, 'data.tar');
    compression = data.compression;
    for await (const entry of readTar(decompress(data.body, compression))) {
      yield { ...entry, read: (memory) => naming(expected.path, entry.read(memory)) };
    }
    // Debian's tools ignore members after data.tar; their bytes count for the hash.
    for await (const _ of members);
  } catch (error) {
    throw named(expected.path, compression === 'xz' ? await deb.blameXz(error) : error);
  } finally {
    await members.return(undefined);
    await deb.close();
  }
}

function named(path: string, error: unknown): unknown {
  if (!(error instanceof ArchiveError)) return error;
  return new ArchiveError(error.code, `${path}: ${error.message}`, error.cause);
}

async function naming<T>(path: string, work: Promise<T>): Promise<T> {
  return work.catch((error: unknown) => {
    throw named(path, error);
  });
}

/** https://manpages.debian.org/deb.5: the first member holds the version of the format. */
async function requireFormat(members: AsyncIterator<ArMember>): Promise<void> {
  const { value: member } = await members.next();
  const version = member?.name === 'debian-binary' && member.size < 100 ? await readText(member) : '';
  if (version !== '2.0\n') throw new ArchiveError('DEB_MALFORMED', 'it is not of format 2.0');
}

async function readText({ body }: ArMember): Promise<string> {
  return (await buffer(body)).toString('latin1');
}

const COMPRESSIONS: Readonly<Record<string, Compression>> = {
  '': 'none',
  '.gz': 'gz',
  '.xz': 'xz',
  '.zst': 'zst',
};

/** control.tar and data.tar come in this order; members that begin with an underscore may be between them. */
async function nextMember(
  members: AsyncIterator<ArMember>,
  name: string,
): Promise<{ body: AsyncIterable<Uint8Array>; compression: Compression }> {
  for (let next = await members.next(); !next.done; next = await members.next()) {
    const member = next.value;
    if (member.name.startsWith('_')) continue;
    const compression = member.name.startsWith(name)
      ? COMPRESSIONS[member.name.slice(name.length)]
      : undefined;
    if (compression !== undefined) return { body: member.body, compression };
    const found = JSON.stringify(member.name);
    throw new ArchiveError('DEB_MALFORMED', `it has the member ${found} where ${name} should be`);
  }
  throw new ArchiveError('DEB_MALFORMED', `it has no ${name}`);
}
