import { parseStanza, type Stanza } from './deb822.ts';
import { ArchiveError } from './errors.ts';
import type { PoolPackage } from './files.ts';
import { paragraphsOf, wholeParagraphs } from './paragraphs.ts';
import { requireSafePath } from './paths.ts';
import { compareVersions, parseVersion } from './version.ts';

/** A version of a source package. */
export interface SourceReference {
  readonly name: string;
  readonly version: string;
}

/** A package as the index describes it; can be handed to `fetchFile` as it is. */
export interface IndexedPackage extends PoolPackage {
  readonly source: SourceReference;
  /** `Built-Using` and `Static-Built-Using`: sources whose code is inside, in addition to `source`. */
  readonly builtUsing: readonly SourceReference[];
}

/** The newest version of each package asked for, of one architecture of a suite. */
export interface PackageIndex {
  readonly architecture: string;
  has(name: string): boolean;
  /** @throws ArchiveError PACKAGE_NOT_IN_INDEX */
  get(name: string): IndexedPackage;
}

/**
 * Reads the packages named out of a `Packages` file as it comes. Its 60,000 paragraphs are not parsed: the
 * bytes are searched for `Package: <name>`, and only what is found is.
 * https://wiki.debian.org/DebianRepository/Format#A.22Packages.22_Indices
 *
 * @throws ArchiveError INDEX_MALFORMED, CONTROL_MALFORMED, VERSION_MALFORMED, PATH_UNSAFE
 */
export async function readPackages(
  chunks: AsyncIterable<Uint8Array>,
  architecture: string,
  wanted: readonly string[],
): Promise<PackageIndex> {
  const newest = new Map<string, IndexedPackage>();
  for await (const paragraphs of wholeParagraphs(chunks)) {
    for (const name of wanted) {
      for (const paragraph of paragraphsOf(paragraphs, name)) {
        const found = parsePackage(parseStanza(paragraph), name, architecture);
        const other = newest.get(name);
        const order = other === undefined ? 1 : compareVersions(found.version, other.version);
        if (order === 0) throw malformed(name, `it repeats version ${found.version}`);
        if (order > 0) newest.set(name, found);
      }
    }
  }
  return {
    architecture,
    has: (name) => newest.has(name),
    get(name) {
      const found = newest.get(name);
      if (found === undefined) {
        throw new ArchiveError('PACKAGE_NOT_IN_INDEX', `the suite does not have ${name} for ${architecture}`);
      }
      return found;
    },
  };
}

function parsePackage(stanza: Stanza, name: string, architecture: string): IndexedPackage {
  const field = (key: string): string => {
    const value = stanza.get(key.toLowerCase());
    if (!value) throw malformed(name, `${key} is missing`);
    return value;
  };
  const version = field('Version');
  parseVersion(version);
  const found = field('Architecture');
  if (found !== architecture && found !== 'all') throw malformed(name, `Architecture is ${found}`);
  const size = field('Size');
  if (!/^\d{1,15}$/.test(size)) throw malformed(name, `Size is ${size}`);
  const sha256 = field('SHA256');
  if (!/^[0-9a-f]{64}$/.test(sha256)) throw malformed(name, `SHA256 is ${sha256}`);
  return {
    package: name,
    version,
    architecture: found,
    path: requireSafePath(field('Filename'), `the entry of ${name}`),
    size: Number(size),
    sha256,
    source: parseSource(stanza.get('source') ?? name, name, version),
    builtUsing: ['built-using', 'static-built-using'].flatMap((key) =>
      parseBuiltUsing(stanza.get(key), name),
    ),
  };
}

/** `Source: name (version)`; the version is left out where it is the package's own. */
function parseSource(value: string, name: string, version: string): SourceReference {
  const found = /^([a-z0-9][a-z0-9.+-]+)(?: \(([^()\s]+)\))?$/.exec(value);
  if (found === null) throw malformed(name, `Source is ${value}`);
  const [, source = '', own = version] = found;
  return { name: source, version: own };
}

/** https://www.debian.org/doc/debian-policy/ch-relationships.html#s-built-using */
function parseBuiltUsing(value: string | undefined, name: string): SourceReference[] {
  const entries = value?.split(',').map((entry) => entry.trim()) ?? [];
  return entries.filter(Boolean).map((entry) => {
    const found = /^([a-z0-9][a-z0-9.+-]+) \(=\s*([^()\s]+)\)$/.exec(entry);
    if (found === null) throw malformed(name, `Built-Using has ${entry}`);
    const [, source = '', version = ''] = found;
    return { name: source, version };
  });
}

function malformed(name: string, reason: string): ArchiveError {
  return new ArchiveError('INDEX_MALFORMED', `the entry of ${name}: ${reason}`);
}
