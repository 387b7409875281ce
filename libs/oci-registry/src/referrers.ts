import type { Clock } from '@qemu-user-static/http';
import { type Descriptor, IMAGE_INDEX, IMAGE_MANIFEST, type Manifest } from './descriptor.ts';
import { checkDigest } from './digest.ts';
import { brokenProtocol } from './failures.ts';
import type { Call, Http } from './http.ts';
import { fieldsOf, putManifest } from './manifests.ts';
import { entriesOf, TaggedReferrers } from './tagged-referrers.ts';
import { readPages } from './tags.ts';

/** Which manifests refer to another: the registry's own list, or the one clients keep under a tag where it has none. */
export class Referrers {
  readonly #http: Http;
  readonly #tagged: TaggedReferrers;
  // Repositories of a registry that keeps no lists. One that does "MUST NOT return a 404 Not Found", so it is asked once.
  // https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md#listing-referrers
  readonly #withoutLists = new Set<string>();

  constructor(http: Http, clock: Clock, signal?: AbortSignal) {
    this.#http = http;
    this.#tagged = new TaggedReferrers(http, clock, signal);
  }

  /** https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md#listing-referrers */
  async list(repository: string, digest: string, artifactType?: string): Promise<readonly Descriptor[]> {
    checkDigest(digest);
    const all =
      (await this.#ownList(repository, digest, artifactType)) ??
      (await this.#tagged.list(repository, digest));
    // A registry need not filter, so it is done here whatever it says it has applied.
    return artifactType === undefined ? all : all.filter((entry) => entry.artifactType === artifactType);
  }

  /** Stores a manifest and, if it has a subject that the registry does not file itself, notes it in that list. */
  async put(
    repository: string,
    reference: string,
    manifest: Pick<Manifest, 'mediaType' | 'bytes'>,
  ): Promise<Descriptor> {
    const subject = subjectOf(manifest.bytes);
    const storing = putManifest(this.#http, repository, reference, manifest);
    if (subject === undefined) return (await storing).descriptor;
    const stored = await this.#tagged.announce(repository, subject, storing);
    if (stored.subject === undefined)
      await this.#tagged.add(repository, subject, entryOf(stored.descriptor, fieldsOf(manifest.bytes)));
    return stored.descriptor;
  }

  /** The registry's own list; `undefined` when it keeps none. */
  async #ownList(
    repository: string,
    digest: string,
    artifactType?: string,
  ): Promise<Descriptor[] | undefined> {
    if (this.#withoutLists.has(repository)) return undefined;
    const query = artifactType === undefined ? {} : { artifactType };
    const call: Call = {
      method: 'GET',
      url: await this.#http.address(`${repository}/referrers/${digest}`, query),
      access: { repository, actions: ['pull'] },
      headers: { accept: IMAGE_INDEX },
      expect: [200, 404],
    };
    const listed = await readPages(this.#http, call, (index, answer, page) => {
      const entries = entriesOf(index);
      if (!entries)
        throw brokenProtocol(page, 'answers with referrers that are not an image index', answer.status);
      return entries;
    });
    if (listed === undefined) this.#withoutLists.add(repository);
    return listed;
  }
}

function subjectOf(bytes: Uint8Array): string | undefined {
  const subject = fieldsOf(bytes).subject as { digest?: unknown } | undefined;
  return typeof subject?.digest === 'string' ? checkDigest(subject.digest) : undefined;
}

/** An entry in a list of referrers: the kind of a manifest and its annotations. */
function entryOf(descriptor: Descriptor, manifest: Record<string, unknown>): Descriptor {
  const { artifactType, annotations, config } = manifest as {
    artifactType?: string;
    annotations?: Record<string, string>;
    config?: { mediaType?: string };
  };
  const kind = artifactType || (descriptor.mediaType === IMAGE_MANIFEST ? config?.mediaType : undefined);
  return { ...descriptor, ...(kind && { artifactType: kind }), ...(annotations && { annotations }) };
}
