import { parseStanza, type Stanza } from './deb822.ts';
import { ArchiveError } from './errors.ts';
import type { ArchiveFile } from './files.ts';
import type { SourceReference } from './packages.ts';
import { paragraphsOf, wholeParagraphs } from './paragraphs.ts';
import { requireSafePath } from './paths.ts';

/** A version of a source package as the archive has it. */
export interface SourcePackage extends SourceReference {
  /** The .dsc, and the archives that it names, in the index's order. */
  readonly files: readonly ArchiveFile[];
}

/**
 * Finds versions of source packages in a `Sources` file as it comes. A version that a binary package was built
 * with stays in it for as long as that binary package does (`Extra-Source-Only: yes`); one that is not there is
 * not among the answers.
 * https://wiki.debian.org/DebianRepository/Format#A.22Sources.22_Indices
 *
 * @throws ArchiveError INDEX_MALFORMED, CONTROL_MALFORMED, PATH_UNSAFE
 */
export async function findSources(
  chunks: AsyncIterable<Uint8Array>,
  wanted: readonly SourceReference[],
): Promise<SourcePackage[]> {
  const versions = Map.groupBy(wanted, ({ name }) => name);
  const found = new Map<SourceReference, SourcePackage>();
  for await (const paragraphs of wholeParagraphs(chunks)) {
    for (const [name, asked] of versions) {
      for (const paragraph of paragraphsOf(paragraphs, name)) {
        const stanza = parseStanza(paragraph);
        const reference = asked.find(({ version }) => version === stanza.get('version'));
        if (reference !== undefined && !found.has(reference))
          found.set(reference, { ...reference, files: filesOf(stanza, name) });
      }
    }
  }
  return wanted.flatMap((reference) => found.get(reference) ?? []);
}

function filesOf(stanza: Stanza, name: string): ArchiveFile[] {
  const malformed = (reason: string) =>
    new ArchiveError('INDEX_MALFORMED', `the entry of source ${name}: ${reason}`);
  const directory = stanza.get('directory');
  const sums = stanza.get('checksums-sha256')?.trim();
  if (!directory || !sums) throw malformed('Directory or Checksums-Sha256 is missing');
  return sums.split('\n').map((line) => {
    const entry = /^([0-9a-f]{64})\s+(\d{1,15})\s+([^\s/]+)$/.exec(line);
    if (entry === null) throw malformed(`Checksums-Sha256 has ${line}`);
    const [, sha256 = '', size, file] = entry;
    return {
      path: requireSafePath(`${directory}/${file}`, `the entry of source ${name}`),
      size: Number(size),
      sha256,
    };
  });
}
