import type { Lock } from '@qemu-user-static/lock';
import {
  type Descriptor,
  type Digest,
  type Document,
  digestOf,
  documentOf,
} from '@qemu-user-static/oci-image';
import { STATEMENT_TYPE } from '@qemu-user-static/signing';
import { type ImageSet, isIndex } from '../layouts/image-set.ts';
import { billOfMaterials, type ImageFacts, packagesOf } from '../sbom/bill-of-materials.ts';
import { imageFacts } from '../sbom/image-facts.ts';
import { SBOMS } from '../sbom/sboms.ts';
import { type Artifact, artifactOf } from './artifact.ts';
import { type BuildFacts, type BuiltSubject, PROVENANCE_PREDICATE, provenance } from './provenance.ts';
import { SIGNATURE_PREDICATE, type Statement, statementOf } from './statement.ts';

/** The documents that refer to an attested image or index. */
export interface Subject {
  readonly descriptor: Descriptor;
  readonly documents: readonly Artifact[];
  /** Its statements to sign. */
  readonly statements: readonly Statement[];
}

/** The annotation by which BuildKit and others name what a statement is about. */
const PREDICATE_ANNOTATION = 'in-toto.io/predicate-type';

/**
 * Of every image its bills of materials and its provenance, of every index its provenance; and that it is ours, of
 * whatever a tag points at.
 */
export async function subjectsOf(set: ImageSet, lock: Lock, build: BuildFacts): Promise<Subject[]> {
  const factsOf = imageFacts(set);
  const tags = new Map(set.tags.map((tag) => [tag.digest, tag]));
  const subjects: Subject[] = [];
  for (const [digest, document] of set.documents) {
    const { descriptor } = document;
    const tag = tags.get(digest);
    // An index may list one image several times.
    const images = isIndex(document) ? document.needs.map((one) => one.digest) : [digest];
    const built = builtFrom(await Promise.all([...new Set(images)].map(factsOf)), lock);
    const origin = statementOf(digest, PROVENANCE_PREDICATE, provenance(built, build));
    const bill = isIndex(document) ? null : billOfMaterials(await factsOf(digest), lock);
    const sboms =
      bill === null
        ? []
        : Object.values(SBOMS).map(({ make, ...names }) => ({ ...names, value: make(bill) }));
    subjects.push({
      descriptor,
      documents: [
        ...sboms.map(({ mediaType, value }) =>
          artifactOf(descriptor, mediaType, documentOf(mediaType, value), {}),
        ),
        artifactOf(descriptor, STATEMENT_TYPE, rawDocument(STATEMENT_TYPE, origin.bytes), {
          [PREDICATE_ANNOTATION]: PROVENANCE_PREDICATE,
        }),
      ],
      statements: [
        ...(tag === undefined ? [] : [statementOf(digest, SIGNATURE_PREDICATE, {})]),
        ...sboms.map(({ predicateType, value }) => statementOf(digest, predicateType, value)),
        origin,
      ],
    });
  }
  return subjects;
}

function builtFrom(images: readonly ImageFacts[], lock: Lock): BuiltSubject {
  const [first] = images;
  if (first === undefined) throw new RangeError('an index lists no image');
  const { channel } = first;
  return {
    channel,
    platforms: [...new Set(images.map(({ platform }) => platform))],
    packages: [...new Set(images.flatMap((image) => packagesOf(image, lock)))],
  };
}

/**
 * Whether a list of referrers has a document. Provenance is there if any is: an image that is made again from
 * another commit, with the same bytes, keeps the account of how it came to be first.
 */
export function isAttached(
  { artifactType, manifest }: Artifact,
  referrers: readonly {
    readonly digest: string;
    readonly artifactType?: string;
    readonly annotations?: Readonly<Record<string, string>>;
  }[],
): boolean {
  return referrers.some(
    (one) =>
      one.digest === manifest.descriptor.digest ||
      (artifactType === STATEMENT_TYPE &&
        one.artifactType === STATEMENT_TYPE &&
        one.annotations?.[PREDICATE_ANNOTATION] === PROVENANCE_PREDICATE),
  );
}

/** https://github.com/sigstore/cosign/blob/main/specs/BUNDLE_SPEC.md */
export const BUNDLE_TYPE = 'application/vnd.dev.sigstore.bundle.v0.3+json';

/** A signed statement as `cosign` finds it. */
export function bundleArtifact(subject: Descriptor, predicateType: string, bundle: Uint8Array): Artifact {
  return artifactOf(subject, BUNDLE_TYPE, rawDocument(BUNDLE_TYPE, bundle), {
    'dev.sigstore.bundle.content': 'dsse-envelope',
    'dev.sigstore.bundle.predicateType': predicateType,
  });
}

function rawDocument(mediaType: string, bytes: Uint8Array): Document {
  const digest: Digest = digestOf(bytes);
  return { bytes, descriptor: { mediaType, digest, size: bytes.length } };
}
