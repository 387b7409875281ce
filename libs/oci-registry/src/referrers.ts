import type { Clock } from '@qemu-user-static/http';
import { type Descriptor, IMAGE_INDEX, IMAGE_MANIFEST, type Manifest } from './descriptor.ts';
import { checkDigest } from './digest.ts';
import { RegistryError } from './errors.ts';
import { brokenProtocol } from './failures.ts';
import type { Call, Http } from './http.ts';
import { deleteManifest, fieldsOf, getManifest, MAX_MANIFEST, putManifest } from './manifests.ts';
import { shownAddress } from './secret.ts';
import { readPages } from './tags.ts';

/** Which manifests refer to another: the registry's own list, or the one clients keep under a tag where it has none. */
export interface Referrers {
  list(repository: string, digest: string, artifactType?: string): Promise<Descriptor[]>;
  /** Stores a manifest and, if it has a subject the registry does not file itself, notes it in that list. */
  put(
    repository: string,
    reference: string,
    manifest: Pick<Manifest, 'mediaType' | 'bytes'>,
  ): Promise<Descriptor>;
  /** Deletes a manifest and its entry in that list; `false` when there was nothing. */
  remove(repository: string, reference: string): Promise<boolean>;
}

/** https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md#referrers-tag-schema */
export function referrersTag(digest: string): string {
  const [algorithm = '', encoded = ''] = checkDigest(digest).split(':');
  return `${algorithm.slice(0, 32)}-${encoded.slice(0, 64)}`.replace(/[^a-zA-Z0-9._-]/g, '-');
}

/** How often a list that other processes change as well is written, before that is an error. */
const ROUNDS = 12;
/** The shortest wait before it is looked at whether others have overwritten a list, in milliseconds. */
const LEAST_WAIT_MS = 50;

export function createReferrers(http: Http, clock: Clock, signal?: AbortSignal): Referrers {
  // The list under a tag is read, changed and written: one at a time for each tag.
  const lines = new Map<string, Promise<unknown>>();
  // What is to be written in the next turn, and when that is done.
  const noting = new Map<string, { readonly entries: Descriptor[]; readonly written: Promise<void> }>();
  // Manifests on their way, by what they refer to: a list waits for them, to be written once and not for each.
  const coming = new Map<string, Set<Promise<unknown>>>();
  // Repositories of a registry that keeps no lists. One that does "MUST NOT return a 404 Not Found", so it is asked once.
  // https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md#listing-referrers
  const withoutLists = new Set<string>();

  function inLine<T>(repository: string, subject: string, work: () => Promise<T>): Promise<T> {
    const key = `${repository}@${subject}`;
    const mine = (lines.get(key) ?? Promise.resolve()).then(work, work);
    lines.set(key, mine);
    const leave = () => lines.get(key) === mine && lines.delete(key);
    mine.then(leave, leave);
    return mine;
  }

  async function onItsWay<T>(key: string, work: Promise<T>): Promise<T> {
    const others = coming.get(key) ?? new Set();
    coming.set(key, others.add(work));
    try {
      return await work;
    } finally {
      others.delete(work);
      if (others.size === 0) coming.delete(key);
    }
  }

  /** Adds an entry to the list under a tag, together with those that come while the list waits for its turn. */
  function note(repository: string, subject: string, entry: Descriptor): Promise<void> {
    const key = `${repository}@${subject}`;
    const open = noting.get(key);
    if (open !== undefined) {
      open.entries.push(entry);
      return open.written;
    }
    const entries = [entry];
    const written = inLine(repository, subject, async () => {
      await Promise.allSettled(coming.get(key) ?? []);
      noting.delete(key);
      return rewrite(repository, subject, (before) => {
        const missing = entries.filter((one) => before.every(({ digest }) => digest !== one.digest));
        return missing.length === 0 ? before : [...before, ...missing];
      });
    });
    noting.set(key, { entries, written });
    return written;
  }

  /** The registry's own list; `undefined` when it keeps none. */
  async function ownList(
    repository: string,
    digest: string,
    artifactType?: string,
  ): Promise<Descriptor[] | undefined> {
    if (withoutLists.has(repository)) return undefined;
    const call: Call = {
      method: 'GET',
      url: await http.address(
        `${repository}/referrers/${checkDigest(digest)}`,
        artifactType === undefined ? {} : { artifactType },
      ),
      access: { repository, actions: ['pull'] },
      headers: { accept: IMAGE_INDEX },
      expect: [200, 404],
    };
    const listed = await readPages(http, call, (index, answer, page) => {
      const manifests = manifestsOf(index);
      if (!manifests)
        throw brokenProtocol(page, 'answers with referrers that are no image index', answer.status);
      return manifests;
    });
    if (listed === undefined) withoutLists.add(repository);
    return listed;
  }

  async function list(repository: string, digest: string, artifactType?: string): Promise<Descriptor[]> {
    const all =
      (await ownList(repository, digest, artifactType)) ??
      // "the client SHOULD assume there are no referrers" when what is under the tag is no index
      manifestsOf((await taggedIndex(repository, referrersTag(digest))) ?? {}) ??
      [];
    // A registry need not filter, so it is done here whatever it says it has applied.
    return artifactType === undefined ? [...all] : all.filter((entry) => entry.artifactType === artifactType);
  }

  /** What is stored under a tag, if anything is. */
  async function taggedIndex(repository: string, tag: string): Promise<Record<string, unknown> | undefined> {
    try {
      const { bytes, mediaType } = await getManifest(http, repository, tag, MAX_MANIFEST);
      return { ...fieldsOf(bytes), mediaType };
    } catch (error) {
      if (error instanceof RegistryError && error.status === 404) return undefined;
      throw error;
    }
  }

  /**
   * Changes the list under a tag until nothing in it is left to change. The API cannot say "only if it is still what
   * I read", so another process may write over what was written here. What it read, it read before that, and writes
   * soon: after more than twice the time that reading and writing took here, the list is looked at again.
   *
   * @throws RegistryError REFERRERS_CONTESTED
   */
  async function rewrite(
    repository: string,
    subject: string,
    change: (entries: readonly Descriptor[]) => readonly Descriptor[],
  ): Promise<void> {
    for (let round = 1; round <= ROUNDS; round++) {
      const begun = clock.now();
      if (!(await rewriteOnce(repository, subject, change))) return;
      const wait = Math.max(LEAST_WAIT_MS, 2 * (clock.now() - begun));
      // Longer each time, and by chance, so that processes which meet again and again draw apart.
      await clock.sleep(wait * (1 + clock.random() * round), signal);
    }
    const address = shownAddress(await http.address(`${repository}/manifests/${referrersTag(subject)}`));
    const words = `was overwritten ${ROUNDS} times by others`;
    throw new RegistryError('REFERRERS_CONTESTED', words, { method: 'PUT', address });
  }

  /**
   * https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md#pushing-manifests-with-subject, steps 1 to 6
   *
   * @returns whether there was anything to change
   */
  async function rewriteOnce(
    repository: string,
    subject: string,
    change: (entries: readonly Descriptor[]) => readonly Descriptor[],
  ): Promise<boolean> {
    const tag = referrersTag(subject);
    const index = (await taggedIndex(repository, tag)) ?? { mediaType: IMAGE_INDEX, manifests: [] };
    const before = manifestsOf(index);
    if (!before) {
      const call = { method: 'GET', url: await http.address(`${repository}/manifests/${tag}`) };
      throw brokenProtocol(call, `holds no image index, so ${subject} cannot be given a referrer`);
    }
    const after = change(before);
    if (after === before) return false;
    const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, ...index, manifests: after }));
    await putManifest(http, repository, tag, { mediaType: IMAGE_INDEX, bytes });
    return true;
  }

  async function put(repository: string, reference: string, manifest: Pick<Manifest, 'mediaType' | 'bytes'>) {
    const subject = subjectOf(manifest.bytes);
    const stored = await onItsWay(
      `${repository}@${subject}`,
      putManifest(http, repository, reference, manifest),
    );
    if (subject !== undefined && stored.subject === undefined)
      await note(repository, subject, referrerEntry(stored.descriptor, fieldsOf(manifest.bytes)));
    return stored.descriptor;
  }

  async function remove(repository: string, reference: string): Promise<boolean> {
    const subject = await subjectToClean(repository, reference);
    const deleted = await deleteManifest(http, repository, reference);
    if (deleted && subject !== undefined && (await ownList(repository, subject)) === undefined) {
      await inLine(repository, subject, () =>
        rewrite(repository, subject, (entries) => {
          const rest = entries.filter(({ digest }) => digest !== reference);
          return rest.length === entries.length ? entries : rest;
        }),
      );
    }
    return deleted;
  }

  /** The subject of a manifest that goes for good. A tag that goes leaves its manifest where it is. */
  async function subjectToClean(repository: string, reference: string): Promise<string | undefined> {
    if (!reference.includes(':')) return undefined;
    try {
      return subjectOf((await getManifest(http, repository, reference, MAX_MANIFEST)).bytes);
    } catch (error) {
      if (error instanceof RegistryError && error.status === 404) return undefined;
      throw error;
    }
  }

  return { list, put, remove };
}

function manifestsOf({ mediaType, manifests }: Record<string, unknown>): readonly Descriptor[] | undefined {
  const right = Array.isArray(manifests) && manifests.every((entry) => typeof entry?.digest === 'string');
  return right && (mediaType ?? IMAGE_INDEX) === IMAGE_INDEX ? manifests : undefined;
}

function subjectOf(bytes: Uint8Array): string | undefined {
  const subject = fieldsOf(bytes).subject as { digest?: unknown } | undefined;
  return typeof subject?.digest === 'string' ? checkDigest(subject.digest) : undefined;
}

/** What a list of referrers says of a manifest: its kind and its annotations. */
function referrerEntry(descriptor: Descriptor, manifest: Record<string, unknown>): Descriptor {
  const { artifactType, annotations, config } = manifest as {
    artifactType?: string;
    annotations?: Record<string, string>;
    config?: { mediaType?: string };
  };
  const kind = artifactType || (descriptor.mediaType === IMAGE_MANIFEST ? config?.mediaType : undefined);
  return { ...descriptor, ...(kind && { artifactType: kind }), ...(annotations && { annotations }) };
}
