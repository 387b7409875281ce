import type { ArchiveFile } from '../files.ts';
import { compress, makeTar, sha256, type TestPackage } from './packages.ts';
import { clearSign, makeKey, type TestKey } from './signing.ts';

/** A source package: its .dsc, an upstream archive, and, where it has a text, a debian.tar.xz with `debian/copyright`. */
export interface TestSource {
  readonly name: string;
  readonly version: string;
  readonly copyright?: string;
}

/** A Debian archive of one suite, small enough for a test, as files by path below the mirror's root. */
export interface TestArchive {
  readonly key: TestKey;
  readonly files: Map<string, Uint8Array | string>;
}

export interface TestArchiveOptions {
  readonly suite?: string;
  readonly codename?: string;
  readonly date?: Date;
  readonly validUntil?: Date | null;
  /** Whether the indexes are under `by-hash/`, and only there. */
  readonly byHash?: boolean;
  /** Adds to, or replaces, the text of the index of an architecture. The Release lists it with and without `.xz`. */
  readonly editIndex?: (text: string, architecture: string) => string;
  readonly sources?: readonly TestSource[];
}

/** Signed with a throw-away key; every architecture of the packages has its index. */
export async function makeArchive(
  packages: readonly TestPackage[],
  {
    suite = 'unstable',
    codename = 'sid',
    date = new Date('2026-11-21T09:15:44Z'),
    validUntil = new Date('2026-11-28T09:15:44Z'),
    byHash = true,
    editIndex = (text) => text,
    sources = [],
  }: TestArchiveOptions = {},
): Promise<TestArchive> {
  const files = new Map<string, Uint8Array | string>();
  const architectures = [...new Set(packages.map(({ described }) => described.architecture))];
  const addIndex = (folder: string, name: string, text: string): ArchiveFile[] => {
    const index = compress(Buffer.from(text), 'xz');
    const path = byHash ? `${folder}/by-hash/SHA256/${sha256(index)}` : `${folder}/${name}`;
    files.set(`dists/${codename}/${path}`, index);
    return [
      { path: `${folder}/${name.replace('.xz', '')}`, size: Buffer.byteLength(text), sha256: sha256(text) },
      { path: `${folder}/${name}`, size: index.length, sha256: sha256(index) },
    ];
  };
  const indexes = architectures.flatMap((architecture) => {
    const here = packages.filter(({ described }) => described.architecture === architecture);
    const text = editIndex(here.map(paragraph).join('\n'), architecture);
    return addIndex(`main/binary-${architecture}`, 'Packages.xz', text);
  });
  const paragraphs = await Promise.all(sources.map((source) => addSource(source, files)));
  indexes.push(...addIndex('main/source', 'Sources.xz', paragraphs.join('\n')));
  for (const { described, deb } of packages) files.set(described.path, deb);

  const release = `Origin: Debian
Suite: ${suite}
Codename: ${codename}
Date: ${date.toUTCString()}
${validUntil === null ? '' : `Valid-Until: ${validUntil.toUTCString()}\n`}Acquire-By-Hash: ${byHash ? 'yes' : 'no'}
Architectures: ${architectures.join(' ')}
SHA256:
${indexes.map((index) => ` ${index.sha256} ${index.size} ${index.path}\n`).join('')}`;
  const key = await makeKey('Test Archive');
  files.set(`dists/${codename}/InRelease`, await clearSign(release, [key], date));
  return { key, files };
}

/** Puts a source package's files into the pool; its paragraph in an index. */
async function addSource(
  { name, version, copyright }: TestSource,
  files: Map<string, Uint8Array | string>,
): Promise<string> {
  const directory = `pool/main/${name[0]}/${name}`;
  const bare = version.replace(/^\d+:/, '');
  const made: [string, Uint8Array][] = [
    [`${name}_${bare}.dsc`, Buffer.from(`Source: ${name}\nVersion: ${version}\n`)],
    [`${name}_${bare.replace(/-[^-]*$/, '')}.orig.tar.xz`, Buffer.from(`${name} itself`)],
  ];
  if (copyright !== undefined) {
    const tar = await makeTar([{ path: 'debian/' }, { path: 'debian/copyright', body: copyright }]);
    made.push([`${name}_${bare}.debian.tar.xz`, compress(tar, 'xz')]);
  }
  for (const [file, bytes] of made) files.set(`${directory}/${file}`, bytes);
  return `Package: ${name}
Version: ${version}
Directory: ${directory}
Checksums-Sha256:
${made.map(([file, bytes]) => ` ${sha256(bytes)} ${bytes.length} ${file}\n`).join('')}`;
}

/** The package's paragraph in an index. */
export function paragraph({ described }: TestPackage): string {
  return `Package: ${described.package}
Version: ${described.version}
Architecture: ${described.architecture}
Description: test
Filename: ${described.path}
Size: ${described.size}
SHA256: ${described.sha256}
`;
}
