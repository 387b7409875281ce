import { isCodedError } from '@qemu-user-static/errors';
import type { Digest } from '@qemu-user-static/oci-image';
import type { Descriptor, Repository } from '@qemu-user-static/oci-registry';
import type { StatementSigner } from '@qemu-user-static/signing';
import { z } from 'zod';
import { atMost } from '../publish/at-most.ts';
import { type Destination, nameOf } from '../publish/destination.ts';
import { BuilderError } from '../report/errors.ts';
import type { OnEvent } from '../report/events.ts';
import { listed } from '../report/problems.ts';
import { type Artifact, EMPTY } from './artifact.ts';
import { BUNDLE_TYPE, bundleArtifact, isAttached, type Subject } from './attachments.ts';
import { isSigned, parsed, type Statement } from './statement.ts';

/** The plan; plain data, as `--json` prints it. */
export interface AttestPlan {
  readonly schemaVersion: 1;
  /** Null: nothing is signed. */
  readonly signer: string | null;
  readonly targets: readonly AttestTarget[];
}

export interface AttestTarget {
  readonly registry: string;
  readonly repository: string;
  readonly subjects: readonly PlannedSubject[];
}

export interface PlannedSubject {
  readonly digest: Digest;
  /** The repository has the image; nothing can be attached to one that it has not. */
  readonly published: boolean;
  /** Kinds of documents that are missing. */
  readonly attach: readonly string[];
  /** Predicates that are not signed. */
  readonly sign: readonly string[];
  /** Documents and signatures that are there. */
  readonly there: number;
}

/** Asks a destination what its images have, and works out what they lack. Nothing is changed. */
export async function planAttest(
  subjects: readonly Subject[],
  { registry, repository, client }: Destination,
  signer: StatementSigner | null,
  atOnce: number,
): Promise<AttestTarget> {
  const planned = await atMost(atOnce, subjects, async (subject): Promise<PlannedSubject> => {
    const { descriptor, documents, statements } = subject;
    const published = (await client.headManifest(descriptor.digest)) !== undefined;
    const { missing, unsigned } = published
      ? await lacking(subject, client, signer)
      : { missing: documents, unsigned: signer === null ? [] : statements };
    const wanted = documents.length + (signer === null ? 0 : statements.length);
    return {
      digest: descriptor.digest,
      published,
      attach: missing.map(({ artifactType }) => artifactType),
      sign: unsigned.map(({ predicateType }) => predicateType),
      there: wanted - missing.length - unsigned.length,
    };
  });
  return { registry, repository, subjects: planned };
}

/**
 * Why a plan cannot be applied: the repository lacks images, or nobody signs although somebody must. Undefined if it can.
 */
export function attestRefusal(
  { signer, targets }: AttestPlan,
  { needsSigner }: { readonly needsSigner: boolean },
): BuilderError | undefined {
  const missing = targets.flatMap((target) =>
    target.subjects.filter(({ published }) => !published).map(({ digest }) => `${nameOf(target)}@${digest}`),
  );
  if (missing.length > 0)
    return new BuilderError(
      'IMAGES_NOT_PUBLISHED',
      `these images are not in the repository:${listed(missing)}`,
    );
  if (!needsSigner || signer !== null) return undefined;
  const names = targets.map(nameOf).join(', ');
  return new BuilderError('SIGNER_MISSING', `nothing signs what would be attached in ${names}`);
}

/**
 * Attaches what the images of a destination lack, and checks afterwards that it is listed: if a registry keeps no list
 * of referrers, clients keep it under a tag, and another client can overwrite that.
 *
 * @throws BuilderError ATTESTATION_NOT_KEPT; RegistryError
 */
export async function applyAttest(
  subjects: readonly Subject[],
  { registry, repository, client }: Destination,
  signer: StatementSigner | null,
  atOnce: number,
  onEvent: OnEvent,
): Promise<void> {
  if (subjects.length > 0) await send(client, EMPTY);
  const lost: string[] = [];
  onEvent({ type: 'expected', unit: 'images', count: subjects.length });
  await atMost(atOnce, subjects, async (subject) => {
    await complete(subject);
    onEvent({ type: 'image-attested' });
  });
  if (lost.length > 0)
    throw new BuilderError(
      'ATTESTATION_NOT_KEPT',
      `${nameOf({ registry, repository })} does not list all that was attached to:${listed(lost)}`,
    );

  async function complete(subject: Subject): Promise<void> {
    const { missing, unsigned } = await lacking(subject, client, signer);
    if (missing.length + unsigned.length === 0) return;
    const artifacts = [...missing];
    if (signer !== null)
      for (const { predicateType, bytes } of unsigned)
        artifacts.push(bundleArtifact(subject.descriptor, predicateType, await signer.sign(bytes)));
    // Together: where clients keep the list of an image's referrers, it is written twice and not for each of them.
    await Promise.all(artifacts.map((artifact) => attach(client, artifact)));
    const listed = new Set((await client.referrers(subject.descriptor.digest)).map(({ digest }) => digest));
    if (artifacts.some(({ manifest }) => !listed.has(manifest.descriptor.digest)))
      lost.push(subject.descriptor.digest);
  }
}

interface Lacking {
  readonly missing: readonly Artifact[];
  readonly unsigned: readonly Statement[];
}

async function lacking(
  { descriptor, documents, statements }: Subject,
  client: Repository,
  signer: StatementSigner | null,
): Promise<Lacking> {
  const referrers = await client.referrers(descriptor.digest);
  const missing = documents.filter((document) => !isAttached(document, referrers));
  if (signer === null) return { missing, unsigned: [] };
  const bundles = referrers.filter(({ artifactType = '' }) => MAY_BE_BUNDLES.has(artifactType));
  const opened: Uint8Array[] = [];
  for (const bundle of bundles) {
    const statement = signer.open(await readBundle(client, bundle));
    if (statement !== null) opened.push(statement);
  }
  return {
    missing,
    unsigned: statements.filter((statement) => !isSigned(statement, descriptor.digest, opened)),
  };
}

/** Where cosign keeps the list itself, it gives the type of the empty config for its bundles'. */
const MAY_BE_BUNDLES: ReadonlySet<string> = new Set([BUNDLE_TYPE, EMPTY.descriptor.mediaType]);

/** Far above any bundle of ours. */
const MAX_BUNDLE = 4 << 20;

/** The manifest of a bundle, as far as it is read: the first layer is the bundle. */
const BUNDLE_MANIFEST = z.object({
  layers: z.tuple([z.object({ digest: z.string(), size: z.int().min(0).max(MAX_BUNDLE) })], z.unknown()),
});

/** Codes of a registry for a damaged referrer. */
const DAMAGED: ReadonlySet<string> = new Set([
  'REFERENCE_INVALID',
  'REGISTRY_NOT_FOUND',
  'REGISTRY_DIGEST_MISMATCH',
  'REGISTRY_ANSWER_TOO_LARGE',
  'MANIFEST_TYPE_MISMATCH',
]);

/** A bundle's bytes; none for what is not a bundle, or is damaged: anyone who may push may attach anything. */
async function readBundle(client: Repository, { digest }: Descriptor): Promise<Uint8Array> {
  try {
    const { bytes } = await client.getManifest(digest);
    const { data: manifest } = BUNDLE_MANIFEST.safeParse(parsed(bytes));
    if (manifest === undefined) return new Uint8Array();
    const chunks: Uint8Array[] = [];
    for await (const chunk of client.getBlob(manifest.layers[0])) chunks.push(Uint8Array.from(chunk));
    return Buffer.concat(chunks);
  } catch (error) {
    if (isCodedError(error) && DAMAGED.has(error.code)) return new Uint8Array();
    throw error;
  }
}

async function attach(client: Repository, { blob, manifest }: Artifact): Promise<void> {
  await send(client, blob);
  const { digest, mediaType } = manifest.descriptor;
  await client.putManifest(digest, { mediaType, bytes: manifest.bytes });
}

/** Without asking whether it is there: hardly ever is what the list of referrers lacks, and it is small. */
async function send(client: Repository, { descriptor, bytes }: Artifact['blob']): Promise<void> {
  await client.uploadBlob({
    digest: descriptor.digest,
    size: bytes.length,
    open: async function* (offset) {
      yield bytes.subarray(offset);
    },
  });
}
