import { createHash } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import { type ArMember, readAr } from './ar.ts';
import { parseStanza, type Stanza } from './deb822.ts';
import { type Compression, decompress } from './decompress.ts';
import { ArchiveError } from './errors.ts';
import type { ArchiveFile } from './files.ts';
import { readTar, type TarEntry } from './tar.ts';

/** A file, directory or link that the package installs. */
export type DebEntry = TarEntry;

/**
 * What a package installs, in order, one entry in memory at a time. Size and hash of the whole are known
 * only at its end: commit nothing that was read before the generator has ended without an error.
 *
 * @param expected its `path` is named in errors
 * @throws ArchiveError PACKAGE_UNREADABLE, DEB_MALFORMED, TAR_MALFORMED, COMPRESSION_MALFORMED, PATH_UNSAFE,
 *   XZ_MISSING; SIZE_DIFFERS, HASH_DIFFERS at the end
 */
export async function* readDeb(
  source: AsyncIterable<Uint8Array>,
  expected: ArchiveFile,
): AsyncGenerator<DebEntry, void, undefined> {
  const members = readAr(checked(source, expected));
  try {
    await requireFormat(members);
    await nextMember(members, 'control.tar');
    for await (const entry of readTar(await nextMember(members, 'data.tar'))) {
      yield { ...entry, read: () => naming(expected.path, entry.read()) };
    }
    // Debian's tools ignore members after data.tar; their bytes count for the hash.
    for await (const _ of members);
  } catch (error) {
    throw named(expected.path, error);
  } finally {
    await members.return(undefined);
  }
}

/**
 * The fields of the package's control file; no more is read than that takes.
 *
 * @param path is named in errors
 * @throws ArchiveError PACKAGE_UNREADABLE, DEB_MALFORMED, TAR_MALFORMED, COMPRESSION_MALFORMED,
 *   CONTROL_MALFORMED, XZ_MISSING
 */
export async function readControl(source: AsyncIterable<Uint8Array>, path: string): Promise<Stanza> {
  const members = readAr(readable(source));
  try {
    await requireFormat(members);
    for await (const entry of readTar(await nextMember(members, 'control.tar'))) {
      if (entry.path === 'control') return parseStanza(new TextDecoder().decode(await entry.read()));
    }
    throw new ArchiveError('DEB_MALFORMED', 'it has no control file');
  } catch (error) {
    throw named(path, error);
  } finally {
    await members.return(undefined);
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

/** control.tar and data.tar come in this order; members that begin with an underscore may lie between. */
async function nextMember(
  members: AsyncIterator<ArMember>,
  name: string,
): Promise<AsyncIterable<Uint8Array>> {
  for (let next = await members.next(); !next.done; next = await members.next()) {
    const member = next.value;
    if (member.name.startsWith('_')) continue;
    const compression = member.name.startsWith(name)
      ? COMPRESSIONS[member.name.slice(name.length)]
      : undefined;
    if (compression !== undefined) return decompress(member.body, compression);
    throw new ArchiveError('DEB_MALFORMED', `it has the member ${member.name} where ${name} should be`);
  }
  throw new ArchiveError('DEB_MALFORMED', `it has no ${name}`);
}

/** The same bytes; gives a code to what fails when they are read. */
async function* readable(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* source;
  } catch (cause) {
    throw new ArchiveError('PACKAGE_UNREADABLE', (cause as Error).message, cause);
  }
}

/** The same bytes; throws at their end if they are not the expected ones. */
async function* checked(
  source: AsyncIterable<Uint8Array>,
  expected: ArchiveFile,
): AsyncGenerator<Uint8Array> {
  const hash = createHash('sha256');
  let size = 0;
  for await (const chunk of readable(source)) {
    hash.update(chunk);
    size += chunk.length;
    yield chunk;
  }
  if (size !== expected.size) {
    throw new ArchiveError('SIZE_DIFFERS', `it has ${size} bytes, not ${expected.size}`);
  }
  const sha256 = hash.digest('hex');
  if (sha256 !== expected.sha256) {
    throw new ArchiveError('HASH_DIFFERS', `it has SHA-256 ${sha256}, not ${expected.sha256}`);
  }
}
