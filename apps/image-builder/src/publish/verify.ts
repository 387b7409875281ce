import { CodedError } from '@qemu-user-static/errors';
import type { Digest } from '@qemu-user-static/oci-image';
import type { Repository } from '@qemu-user-static/oci-registry';
import pLimit from 'p-limit';
import { blobsOf, type ImageSet, type SetTag } from '../layouts/image-set.ts';
import { firstAlone } from './at-most.ts';
import type { RateLimit } from './rate-limit.ts';

/** The findings about one tag. */
export interface TagFinding {
  readonly tag: string;
  /** The digest that the tag must have. */
  readonly digest: Digest;
  /** The tag has this digest, and everything below it is in the repository. */
  readonly same: boolean;
  readonly problems: readonly string[];
}

/**
 * How a document or a blob is inspected. The answer is what is wrong with it, or null. `arePresent` asks the registry for
 * it with HEAD, which Docker Hub does not count as a pull; `areGenuine` downloads and hashes it.
 */
export interface Inspection {
  readonly isDeep: boolean;
  manifest(repository: Repository, digest: Digest): Promise<string | null>;
  blob(repository: Repository, digest: Digest, size: number): Promise<string | null>;
}

export const arePresent: Inspection = {
  isDeep: false,
  manifest: async (repository, digest) => absent(await repository.headManifest(digest)),
  blob: async (repository, digest, size) => {
    const found = await repository.headBlob(digest);
    const other = found?.size !== undefined && found.size !== size;
    return other ? `exists with ${found.size} bytes, not ${size}` : absent(found);
  },
};

export const areGenuine: Inspection = {
  isDeep: true,
  // The client compares the digest of the bytes with the one asked for.
  manifest: (repository, digest) => problemOf(() => repository.getManifest(digest)),
  blob: (repository, digest, size) =>
    problemOf(async () => {
      for await (const _ of repository.getBlob({ digest, size }));
    }),
};

/** How many requests `verifyRemote` sends, if none has to be repeated. */
export interface VerifyRequests {
  /** HEAD of tags, manifests and blobs. */
  readonly heads: number;
  /** GET of a manifest or index: what Docker Hub counts as a pull. */
  readonly manifests: number;
  /** GET of a blob. */
  readonly blobs: number;
}

export function verifyRequests(set: ImageSet, { isDeep }: Inspection): VerifyRequests {
  const [tags, documents, blobs] = [set.tags.length, set.documents.size, blobsOf(set).size];
  return isDeep
    ? { heads: tags, manifests: documents, blobs }
    : { heads: tags + documents + blobs, manifests: 0, blobs: 0 };
}

/**
 * Compares what a repository serves with a set that was made here: the digest of each tag, then once each document and
 * blob. An index or manifest names everything below it by digest, so this covers the whole image.
 */
export async function verifyRemote(
  set: ImageSet,
  repository: Repository,
  inspection: Inspection,
  atOnce: number,
  rateLimit: RateLimit,
  onAnswer: () => void = () => undefined,
): Promise<TagFinding[]> {
  const limit = pLimit(atOnce);
  try {
    return await inspectAll(set, repository, inspection, (work) =>
      limit(() => rateLimit.outlast(work)).finally(onAnswer),
    );
  } catch (error) {
    limit.clearQueue();
    throw error;
  }
}

async function inspectAll(
  set: ImageSet,
  repository: Repository,
  inspection: Inspection,
  ask: <T>(work: () => Promise<T>) => Promise<T>,
): Promise<TagFinding[]> {
  const tagProblems = await firstAlone(set.tags, (tag) => ask(() => problemOfTag(tag, repository)));
  const below = new Map<Digest, string | null>();
  await Promise.all([
    ...Array.from(set.documents.keys(), async (digest) => {
      below.set(digest, await ask(() => inspection.manifest(repository, digest)));
    }),
    ...Array.from(blobsOf(set).values(), async ({ digest, size }) => {
      below.set(digest, await ask(() => inspection.blob(repository, digest, size)));
    }),
  ]);
  return set.tags.map(({ tag, digest }, index) => {
    const own = tagProblems[index] ?? null;
    const problems = [
      ...(own === null ? [] : [own]),
      ...needsOf(set, digest).flatMap((needed) => {
        const problem = below.get(needed) ?? null;
        return problem === null ? [] : [`${needed} ${problem}`];
      }),
    ];
    return { tag, digest, same: problems.length === 0, problems };
  });
}

/** Tags of the repository that the set does not have: of earlier releases, or of someone else. */
export async function otherTags(
  set: ImageSet,
  repository: Repository,
  rateLimit: RateLimit,
): Promise<string[]> {
  const known = new Set(set.tags.map(({ tag }) => tag));
  const tags = await rateLimit.outlast(() => repository.listTags());
  return tags.filter((tag) => !known.has(tag)).sort();
}

async function problemOfTag({ tag, digest }: SetTag, repository: Repository): Promise<string | null> {
  const found = await repository.headManifest(tag);
  return found === undefined || found.digest === digest ? absent(found) : `is ${found.digest}`;
}

/** The tag's own document, and everything below it. */
function needsOf(set: ImageSet, digest: Digest): Digest[] {
  const needed = new Set<Digest>([digest]);
  for (const one of needed)
    for (const { digest: child } of set.documents.get(one)?.needs ?? []) needed.add(child);
  return [...needed];
}

function absent(found: unknown): string | null {
  return found === undefined ? 'is missing' : null;
}

/** Wrong content of a registry is a finding. Any other failure is an error: the registry cannot be asked. */
const FINDINGS: Readonly<Record<string, string>> = {
  REGISTRY_NOT_FOUND: 'is missing',
  REGISTRY_DIGEST_MISMATCH: 'is served with other bytes',
  REGISTRY_ANSWER_TOO_LARGE: 'is served with more bytes',
  MANIFEST_TYPE_MISMATCH: 'is served as another type',
};

async function problemOf(work: () => Promise<unknown>): Promise<string | null> {
  try {
    await work();
    return null;
  } catch (error) {
    const problem = error instanceof CodedError ? FINDINGS[error.code] : undefined;
    if (problem === undefined) throw error;
    return problem;
  }
}
