import type { Digest } from '@qemu-user-static/oci-image';
import type { Repository } from '@qemu-user-static/oci-registry';
import { blobsOf, type ImageSet, isIndex } from '../layouts/image-set.ts';

/** The parts of a set that a repository has. */
export interface RepositoryState {
  /** The digest under each tag of the set that exists. */
  readonly tags: ReadonlyMap<string, string>;
  /** The documents and blobs of the set that are there. */
  readonly present: ReadonlySet<Digest>;
}

/**
 * Asks a repository what it has of a set, from the tags down. A repository that has a document has what the
 * document needs, for registries take none before that; so below a document that is there nothing is asked.
 * Nor is a tag asked for that is not in the list of tags, unless it never moves: a list may be old, and then a tag
 * is only written once more.
 *
 * @param thorough ask about everything: a clean-up may have removed what a document needs
 */
export async function askRepository(
  repository: Repository,
  set: ImageSet,
  thorough: boolean,
): Promise<RepositoryState> {
  const tags = new Map<string, string>();
  const listed = new Set(await repository.listTags());
  const askedFor = set.tags.filter(({ tag, immutable }) => immutable || listed.has(tag));
  await Promise.all(
    askedFor.map(async ({ tag }) => {
      const found = await repository.headManifest(tag);
      if (found !== undefined) tags.set(tag, found.digest);
    }),
  );

  const present = new Set<Digest>();
  const take = (digest: Digest) => {
    present.add(digest);
    for (const needed of set.documents.get(digest)?.needs ?? []) take(needed.digest);
  };
  const takeWhatIsThere = async (
    digests: readonly Digest[],
    isThere: (digest: Digest) => Promise<unknown>,
  ) => {
    const found = await Promise.all(
      digests
        .filter((digest) => !present.has(digest))
        .map(async (digest) => ({ digest, there: await isThere(digest) })),
    );
    for (const { digest, there } of found) {
      if (there !== undefined) thorough ? present.add(digest) : take(digest);
    }
  };
  const manifestIsThere = (digest: Digest) => repository.headManifest(digest);
  const documents = [...set.documents.values()];

  if (!thorough) for (const { tag, digest } of set.tags) if (tags.get(tag) === digest) take(digest);
  await takeWhatIsThere(
    documents.filter(isIndex).map(({ descriptor }) => descriptor.digest),
    manifestIsThere,
  );
  await takeWhatIsThere(
    documents.filter((document) => !isIndex(document)).map(({ descriptor }) => descriptor.digest),
    manifestIsThere,
  );
  await takeWhatIsThere([...blobsOf(set).keys()], (digest) => repository.headBlob(digest));
  return { tags, present };
}
