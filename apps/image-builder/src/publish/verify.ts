import { CodedError } from '@qemu-user-static/errors';
import type { Digest } from '@qemu-user-static/oci-image';
import type { Repository } from '@qemu-user-static/oci-registry';
import pLimit from 'p-limit';
import { blobsOf, documentIn, type ImageSet, type SetTag } from '../layouts/image-set.ts';

/** What was found of one tag. */
export interface TagFinding {
  readonly tag: string;
  /** What it must be. */
  readonly digest: Digest;
  /** The tag is served byte for byte and everything it needs is there; or not. */
  readonly same: boolean;
  readonly problems: readonly string[];
}

/**
 * What is wrong with a document or blob that a tag needs; null if nothing. `arePresent` believes the registry
 * that it has them, `areGenuine` reads every byte.
 */
export interface Look {
  manifest(repository: Repository, digest: Digest): Promise<string | null>;
  blob(repository: Repository, digest: Digest, size: number): Promise<string | null>;
}

export const arePresent: Look = {
  manifest: async (repository, digest) => absent(await repository.headManifest(digest)),
  blob: async (repository, digest, size) => {
    const found = await repository.headBlob(digest);
    const other = found?.size !== undefined && found.size !== size;
    return other ? `is there with ${found.size} bytes, not ${size}` : absent(found);
  },
};

export const areGenuine: Look = {
  manifest: (repository, digest) => problemOf(() => repository.getManifest(digest)),
  blob: (repository, digest, size) =>
    problemOf(async () => {
      // The client hashes what passes, and the iteration ends without an error only if it is the digest's.
      for await (const _ of repository.getBlob({ digest, size }));
    }),
};

/**
 * Compares what a repository serves with a set that was made here. Each tag's document is fetched and compared
 * byte for byte, so the registry is not believed; as it names what it needs by digest, that fixes all below it.
 */
export async function verifyRemote(
  set: ImageSet,
  repository: Repository,
  look: Look,
  atOnce: number,
): Promise<TagFinding[]> {
  const limit = pLimit(atOnce);
  const tops = await limit.map(set.tags, (tag) => topProblem(tag, set, repository));
  const blobs = blobsOf(set);
  const below = new Map<Digest, string | null>();
  await limit.map(set.documents.keys(), async (digest) => {
    below.set(digest, await look.manifest(repository, digest));
  });
  await limit.map(blobs.values(), async ({ digest, size }) => {
    below.set(digest, await look.blob(repository, digest, size));
  });
  return set.tags.map(({ tag, digest }, index) => {
    const top = tops[index] ?? null;
    const problems = [
      ...(top === null ? [] : [top]),
      ...needsOf(set, digest).flatMap((needed) => {
        const problem = below.get(needed) ?? null;
        return problem === null ? [] : [`${needed} ${problem}`];
      }),
    ];
    return { tag, digest, same: problems.length === 0, problems };
  });
}

/** Tags that are there and that the set has not: of earlier releases, or someone else's. */
export async function otherTags(set: ImageSet, repository: Repository): Promise<string[]> {
  const known = new Set(set.tags.map(({ tag }) => tag));
  return (await repository.listTags()).filter((tag) => !known.has(tag)).sort();
}

async function topProblem(
  { tag, digest }: SetTag,
  set: ImageSet,
  repository: Repository,
): Promise<string | null> {
  let different: string | null = null;
  const problem = await problemOf(async () => {
    const served = await repository.getManifest(tag);
    const same = Buffer.compare(served.bytes, documentIn(set, digest).bytes) === 0;
    if (!same) different = `is ${served.digest}`;
  });
  return problem ?? different;
}

/** The tag's own document, and everything below it. */
function needsOf(set: ImageSet, digest: Digest): Digest[] {
  const needed = new Set<Digest>([digest]);
  for (const one of needed)
    for (const { digest: child } of set.documents.get(one)?.needs ?? []) needed.add(child);
  return [...needed];
}

function absent(found: unknown): string | null {
  return found === undefined ? 'is not there' : null;
}

/** What a registry serves wrongly is a finding; that it cannot be asked is an error. */
const FINDINGS: Readonly<Record<string, string>> = {
  REGISTRY_NOT_FOUND: 'is not there',
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
