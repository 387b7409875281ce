import { poolAddress, snapshotAddress } from '@qemu-user-static/lock';
import { type BillOfMaterials, type BinaryPackage, imagePurl, type Source } from './bill-of-materials.ts';

/** https://spdx.github.io/spdx-spec/v2.3/ */
export const SPDX = {
  mediaType: 'application/spdx+json',
  predicateType: 'https://spdx.dev/Document',
} as const;

const DOCUMENT = 'SPDXRef-DOCUMENT';
const IMAGE = 'SPDXRef-Image';
const REGISTER = 'SPDXRef-Register';

/**
 * The bill as SPDX 2.3. The image contains its packages; a package is generated from its source and links others
 * statically; a source contains the files that the archive has of it.
 */
export function spdx(bill: BillOfMaterials): object {
  const { facts, label, packages, sources } = bill;
  const references = sources.flatMap(({ terms }) => terms.references);
  return {
    spdxVersion: 'SPDX-2.3',
    dataLicense: 'CC0-1.0',
    SPDXID: DOCUMENT,
    name: `${label('title')} ${label('version')} for ${facts.platform}`,
    documentNamespace: `${label('source')}/spdx/${facts.digest.replace(':', '-')}`,
    creationInfo: { created: label('created'), creators: ['Tool: image-builder'] },
    packages: [
      imagePackage(bill),
      registerPackage(bill),
      ...packages.map(binaryPackage),
      ...sources.map(sourcePackage),
      // Versions of one source can share an upstream archive.
      ...uniqueBy(
        fileId,
        sources.flatMap(({ files }) => files),
      ).map(filePackage),
    ],
    relationships: [
      relationship(DOCUMENT, 'DESCRIBES', IMAGE),
      relationship(IMAGE, 'CONTAINS', REGISTER),
      ...packages.flatMap(({ locked, source, linked }) => [
        relationship(IMAGE, 'CONTAINS', binaryId(locked)),
        relationship(binaryId(locked), 'GENERATED_FROM', sourceId(source)),
        ...linked.map((one) => relationship(binaryId(locked), 'STATIC_LINK', sourceId(one))),
      ]),
      ...sources.flatMap((source) =>
        source.files.map((file) => relationship(sourceId(source), 'CONTAINS', fileId(file))),
      ),
    ],
    hasExtractedLicensingInfos: uniqueBy(({ id }) => id, references).map(({ id, name, text }) => ({
      licenseId: id,
      name,
      extractedText: text,
    })),
  };
}

function uniqueBy<T>(key: (one: T) => string, all: readonly T[]): T[] {
  return [...new Map(all.map((one) => [key(one), one])).values()];
}

function imagePackage(bill: BillOfMaterials): object {
  const { facts, label } = bill;
  return {
    ...unanalysed(IMAGE, label('title'), label('version'), 'NOASSERTION', label('licenses')),
    primaryPackagePurpose: 'CONTAINER',
    summary: label('description'),
    checksums: [sha256(facts.digest.replace('sha256:', ''))],
    externalRefs: [purlReference(imagePurl(bill))],
  };
}

function registerPackage({ label, inputs }: BillOfMaterials): object {
  return {
    ...unanalysed(REGISTER, 'register', inputs, `git+${label('source')}`, 'MIT'),
    primaryPackagePurpose: 'APPLICATION',
  };
}

function binaryPackage({ locked, purl, source }: BinaryPackage): object {
  const { package: name, version } = locked;
  return {
    ...unanalysed(binaryId(locked), name, version, poolAddress(locked), source.terms.expression),
    primaryPackagePurpose: 'APPLICATION',
    supplier: 'Organization: Debian',
    checksums: [sha256(locked.sha256)],
    externalRefs: [purlReference(purl)],
  };
}

function sourcePackage(source: Source): object {
  const { name, purl, terms, files } = source;
  return {
    ...unanalysed(sourceId(source), name.package, name.version, snapshotAddress(name), terms.expression),
    primaryPackagePurpose: 'SOURCE',
    supplier: 'Organization: Debian',
    externalRefs: [purlReference(purl)],
    ...(files.length === 0 && { comment: 'The suite does not list this version: its hashes are not known.' }),
  };
}

function filePackage(file: Source['files'][number]): object {
  return {
    ...unanalysed(fileId(file), nameOf(file), undefined, poolAddress(file), 'NOASSERTION'),
    primaryPackagePurpose: 'ARCHIVE',
    supplier: 'Organization: Debian',
    checksums: [sha256(file.sha256)],
  };
}

/** A package whose files are not listed one by one. */
function unanalysed(
  SPDXID: string,
  name: string,
  versionInfo: string | undefined,
  downloadLocation: string,
  licenseDeclared: string,
): object {
  return {
    SPDXID,
    name,
    versionInfo,
    downloadLocation,
    filesAnalyzed: false,
    licenseConcluded: 'NOASSERTION',
    licenseDeclared,
    copyrightText: 'NOASSERTION',
  };
}

function relationship(spdxElementId: string, relationshipType: string, relatedSpdxElement: string): object {
  return { spdxElementId, relationshipType, relatedSpdxElement };
}

function purlReference(referenceLocator: string): object {
  return { referenceCategory: 'PACKAGE-MANAGER', referenceType: 'purl', referenceLocator };
}

function sha256(checksumValue: string): object {
  return { algorithm: 'SHA256', checksumValue };
}

const binaryId = (locked: BinaryPackage['locked']) => id('Package', locked.package);
const sourceId = ({ name }: Source) => id('Source', `${name.package}-${name.version}`);
const fileId = (file: { readonly path: string }) => id('File', nameOf(file));

function nameOf({ path }: { readonly path: string }): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** "letters, numbers, ., and/or -"; each other character becomes its number, so that no two ids are equal. */
function id(kind: string, text: string): string {
  const escaped = text.replace(/[^A-Za-z0-9.-]/g, (sign) => `-${sign.charCodeAt(0).toString(16)}-`);
  return `SPDXRef-${kind}-${escaped}`;
}
