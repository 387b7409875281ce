import { createTarDecoder, type ParsedTarEntry } from 'modern-tar';
import { ArchiveError } from './errors.ts';
import { systemError } from './limits.ts';
import { requireSafePath } from './paths.ts';

export type Memory = (size: number) => Uint8Array;

/** A file, directory or link in a package. */
export interface TarEntry {
  /** Relative to the root of the system, without `./` and a slash at the end. */
  readonly path: string;
  readonly type: 'file' | 'directory' | 'symlink' | 'hardlink';
  /** Permission bits, such as 0o755. */
  readonly mode: number;
  /** Bytes; 0 unless a file. */
  readonly size: number;
  readonly mtime: Date;
  /** A symlink's target as it is written; the path of the file that a hardlink names; else empty. */
  readonly linkname: string;
  /**
   * The bytes of a file. Can be called once, and only before the next entry is asked for.
   * @param memory gives as many bytes as it is asked for, which are filled
   */
  read(memory?: Memory): Promise<Uint8Array>;
}

/**
 * The entries of a tar archive, in order. The root itself (`./`) is not among them. The unread rest of an
 * entry is skipped.
 *
 * @throws ArchiveError TAR_MALFORMED, also if it is cut short, has a path twice, or has an entry other than a
 *   file, directory or link; PATH_UNSAFE for a path, or a link, that leads out of the package
 */
export async function* readTar(source: AsyncIterable<Uint8Array>): AsyncGenerator<TarEntry> {
  const decoder = createTarDecoder({ strict: true });
  const stop = new AbortController();
  const fed = ReadableStream.from(source)
    .pipeTo(decoder.writable, { signal: stop.signal })
    .catch((error: unknown) => error);
  const seen = new Map<string, TarEntry['type']>();
  try {
    for await (const parsed of decoder.readable) {
      const entry = toEntry(parsed);
      if (entry !== null) {
        admit(entry, seen);
        yield entry;
      }
      await skipRest(parsed.body);
    }
  } catch (cause) {
    throw asMalformed(cause);
  } finally {
    stop.abort();
    await fed;
  }
}

/** In bytes: an entry is read into memory. The largest emulator has less than 100 MB. */
const LARGEST_FILE = 1 << 30;

const TYPES: Readonly<Record<string, TarEntry['type']>> = {
  file: 'file',
  directory: 'directory',
  symlink: 'symlink',
  link: 'hardlink',
};

function toEntry({ header, body }: ParsedTarEntry): TarEntry | null {
  const type = TYPES[header.type ?? 'file'];
  if (type === undefined) throw malformed(`${header.name} is a ${header.type}`);
  const path = withoutDot(header.name).replace(/\/$/, '');
  if (path === '' && type === 'directory') return null;
  const linkname = header.linkname ?? '';
  if (header.size > LARGEST_FILE) throw malformed(`it has a file of ${header.size} bytes`);
  return {
    path: requireSafePath(path, 'it'),
    type,
    mode: (header.mode ?? 0) & 0o7777,
    size: header.size,
    mtime: header.mtime ?? new Date(0),
    linkname: type === 'hardlink' ? requireSafePath(withoutDot(linkname), `the link ${path}`) : linkname,
    read: (memory = newMemory) =>
      readBody(body, memory(header.size)).catch((cause: unknown) => {
        throw asMalformed(cause);
      }),
  };
}

const newMemory: Memory = (size) => new Uint8Array(size);

const withoutDot = (name: string) => (name === '.' ? '' : name.replace(/^\.\//, ''));

/**
 * Read, not cancelled: the decoder looks ahead, and a cancelled body takes the one of the next entry with it,
 * which then never ends.
 */
async function skipRest(body: ReadableStream<Uint8Array>): Promise<void> {
  for await (const _ of body);
}

/** Of known size, so it is collected in place: the emulators are large. */
async function readBody(body: ReadableStream<Uint8Array>, bytes: Uint8Array): Promise<Uint8Array> {
  let at = 0;
  for await (const chunk of body) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

/** Notes the entry, unless it, or the way to it, is something else already. */
function admit({ path, type, linkname }: TarEntry, seen: Map<string, TarEntry['type']>): void {
  if (seen.has(path)) throw malformed(`it repeats ${path}`);
  for (let at = path.lastIndexOf('/'); at !== -1; at = path.lastIndexOf('/', at - 1)) {
    const parent = path.slice(0, at);
    const known = seen.get(parent);
    if (known === 'symlink') throw unsafe(`${path}, which leads through the symbolic link ${parent}`);
    // The parents of a known directory were checked when it was.
    if (known === 'directory') break;
    if (known !== undefined) throw malformed(`${path} is below the ${known} ${parent}`);
    seen.set(parent, 'directory');
  }
  if (type === 'hardlink' && seen.get(linkname) !== 'file') {
    throw malformed(`${path} is a link to ${linkname}, which is not a file before it`);
  }
  if (climbsOut(path, linkname)) throw unsafe(`the link ${path} to ${JSON.stringify(linkname)}`);
  seen.set(path, type);
}

/** An absolute target is one inside the system the package is for: links to such are common. */
function climbsOut(path: string, target: string): boolean {
  if (target.startsWith('/')) return false;
  let depth = path.split('/').length - 1;
  for (const segment of target.split('/')) {
    if (segment === '..') depth -= 1;
    else if (segment !== '' && segment !== '.') depth += 1;
    if (depth < 0) return true;
  }
  return false;
}

function malformed(reason: string): ArchiveError {
  return new ArchiveError('TAR_MALFORMED', reason);
}

/** An error of the source has a code already; any other is the tar reader's. */
function asMalformed(cause: unknown): ArchiveError {
  if (cause instanceof ArchiveError) return cause;
  return systemError('TAR_MALFORMED', (cause as Error).message, cause);
}

function unsafe(what: string): ArchiveError {
  return new ArchiveError('PATH_UNSAFE', `it has ${what}`);
}
