import type { ArchiveFile } from '../files.ts';
import { compress, sha256, type TestPackage } from './packages.ts';
import { clearSign, makeKey, type TestKey } from './signing.ts';

/** A Debian archive of one suite, small enough for a test, as files by path below the mirror's root. */
export interface TestArchive {
  readonly key: TestKey;
  readonly files: Map<string, Uint8Array | string>;
}

export interface TestArchiveOptions {
  readonly suite?: string;
  readonly codename?: string;
  readonly date?: Date;
  readonly validUntil?: Date;
  /** Whether the indexes are under `by-hash/`, and only there. */
  readonly byHash?: boolean;
  /** Adds to, or replaces, the text of the index of an architecture. */
  readonly editIndex?: (text: string, architecture: string) => string;
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
  }: TestArchiveOptions = {},
): Promise<TestArchive> {
  const files = new Map<string, Uint8Array | string>();
  const architectures = [...new Set(packages.map(({ described }) => described.architecture))];
  const indexes: ArchiveFile[] = architectures.map((architecture) => {
    const here = packages.filter(({ described }) => described.architecture === architecture);
    const index = compress(Buffer.from(editIndex(here.map(paragraph).join('\n'), architecture)), 'xz');
    const folder = `main/binary-${architecture}`;
    const path = byHash ? `${folder}/by-hash/SHA256/${sha256(index)}` : `${folder}/Packages.xz`;
    files.set(`dists/${codename}/${path}`, index);
    return { path: `${folder}/Packages.xz`, size: index.length, sha256: sha256(index) };
  });
  for (const { described, deb } of packages) files.set(described.path, deb);

  const release = `Origin: Debian
Suite: ${suite}
Codename: ${codename}
Date: ${date.toUTCString()}
Valid-Until: ${validUntil.toUTCString()}
Acquire-By-Hash: ${byHash ? 'yes' : 'no'}
Architectures: ${architectures.join(' ')}
SHA256:
${indexes.map((index) => ` ${index.sha256} ${index.size} ${index.path}\n`).join('')}`;
  const key = await makeKey('Test Archive');
  files.set(`dists/${codename}/InRelease`, await clearSign(release, [key], date));
  return { key, files };
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
