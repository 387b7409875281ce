import type { Clock } from '@qemu-user-static/http';
import { type Descriptor, IMAGE_INDEX } from './descriptor.ts';
import { checkDigest, isAnyDigest } from './digest.ts';
import { RegistryError } from './errors.ts';
import { brokenProtocol } from './failures.ts';
import type { Http } from './http.ts';
import { fieldsOf, getManifest, MAX_MANIFEST, putManifest } from './manifests.ts';
import { shownAddress } from './secret.ts';

/** https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md#referrers-tag-schema */
export function referrersTag(digest: string): string {
  return checkDigest(digest).replace(':', '-');
}

/** How often a list that other processes change as well is written, before that is an error. */
const ROUNDS = 12;
/** The shortest wait before a list is read again to see whether others have overwritten it, in milliseconds. */
const LEAST_WAIT_MS = 50;

/** The changes of one list in the next turn, and its end. */
interface Turn {
  readonly entries: Descriptor[];
  readonly written: Promise<void>;
}

/** The lists of referrers that clients keep under tags, where a registry keeps none. */
export class TaggedReferrers {
  readonly #http: Http;
  readonly #clock: Clock;
  readonly #signal: AbortSignal | undefined;
  // A list is read, changed and written: one turn at a time for each.
  readonly #current = new Map<string, Promise<void>>();
  readonly #next = new Map<string, Turn>();
  // Manifests on their way, by what they refer to: a list waits for them, to be written once and not for each.
  readonly #announced = new Map<string, Set<Promise<unknown>>>();

  constructor(http: Http, clock: Clock, signal: AbortSignal | undefined) {
    this.#http = http;
    this.#clock = clock;
    this.#signal = signal;
  }

  /** "the client SHOULD assume there are no referrers" when the tag is not an index. */
  async list(repository: string, subject: string): Promise<readonly Descriptor[]> {
    return entriesOf((await this.#read(repository, subject)) ?? {}) ?? [];
  }

  /** Makes the list of a subject wait until a manifest that refers to it is stored, or is not. */
  async announce<T>(repository: string, subject: string, storing: Promise<T>): Promise<T> {
    const key = `${repository}@${subject}`;
    const others = this.#announced.get(key) ?? new Set();
    this.#announced.set(key, others.add(storing));
    try {
      return await storing;
    } finally {
      others.delete(storing);
      if (others.size === 0) this.#announced.delete(key);
    }
  }

  /**
   * Adds an entry to the list of a subject, together with those that come while the list waits for its turn.
   *
   * @throws RegistryError REFERRERS_CONTESTED, REGISTRY_PROTOCOL_BROKEN
   */
  add(repository: string, subject: string, entry: Descriptor): Promise<void> {
    const key = `${repository}@${subject}`;
    const open = this.#next.get(key);
    if (open !== undefined) {
      open.entries.push(entry);
      return open.written;
    }
    const entries = [entry];
    const written = this.#inTurn(key, async () => {
      await Promise.allSettled(this.#announced.get(key) ?? []);
      this.#next.delete(key);
      await this.#write(repository, subject, entries);
    });
    this.#next.set(key, { entries, written });
    return written;
  }

  #inTurn(key: string, work: () => Promise<void>): Promise<void> {
    const mine = (this.#current.get(key) ?? Promise.resolve()).then(work, work);
    this.#current.set(key, mine);
    const leave = () => this.#current.get(key) === mine && this.#current.delete(key);
    mine.then(leave, leave);
    return mine;
  }

  /**
   * Writes entries until all stay. The API cannot say "only if it is still what I read", so another process may
   * write over what was written here. What it read, it read before that, and writes soon: after more than twice the
   * time that reading and writing took here, the list is read again.
   */
  async #write(repository: string, subject: string, entries: readonly Descriptor[]): Promise<void> {
    for (let round = 1; round <= ROUNDS; round++) {
      const begun = this.#clock.now();
      if (await this.#addMissing(repository, subject, entries)) return;
      const wait = Math.max(LEAST_WAIT_MS, 2 * (this.#clock.now() - begun));
      // Longer each time, and by chance, so that processes which meet again and again draw apart.
      await this.#clock.sleep(wait * (1 + this.#clock.random() * round), this.#signal);
    }
    const request = { method: 'PUT', address: shownAddress(await this.#address(repository, subject)) };
    const words = `was overwritten ${ROUNDS} times by others`;
    throw new RegistryError('REFERRERS_CONTESTED', words, request);
  }

  /**
   * https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md#pushing-manifests-with-subject, steps 1 to 6
   *
   * @returns whether none was missing
   */
  async #addMissing(repository: string, subject: string, entries: readonly Descriptor[]): Promise<boolean> {
    const index = (await this.#read(repository, subject)) ?? { mediaType: IMAGE_INDEX, manifests: [] };
    const before = entriesOf(index);
    if (!before) {
      const asked = { method: 'GET', url: await this.#address(repository, subject) };
      throw brokenProtocol(asked, `does not hold an image index, so ${subject} cannot be given a referrer`);
    }
    const known = new Set(before.map(({ digest }) => digest));
    const missing = entries.filter(({ digest }) => !known.has(digest));
    if (missing.length === 0) return true;
    const manifests = [...before, ...missing];
    const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, ...index, manifests }));
    await putManifest(this.#http, repository, referrersTag(subject), { mediaType: IMAGE_INDEX, bytes });
    return false;
  }

  /** The list under the tag of a subject, if it exists. */
  async #read(repository: string, subject: string): Promise<Record<string, unknown> | undefined> {
    try {
      const tag = referrersTag(subject);
      const { bytes, mediaType } = await getManifest(this.#http, repository, tag, MAX_MANIFEST);
      return { ...fieldsOf(bytes), mediaType };
    } catch (error) {
      if (error instanceof RegistryError && error.status === 404) return undefined;
      throw error;
    }
  }

  #address(repository: string, subject: string): Promise<URL> {
    return this.#http.address(`${repository}/manifests/${referrersTag(subject)}`);
  }
}

/** The entries of an image index from outside; `undefined` for what is not one. */
export function entriesOf({ mediaType, manifests }: Record<string, unknown>): Descriptor[] | undefined {
  const isIndex = (mediaType ?? IMAGE_INDEX) === IMAGE_INDEX;
  return isIndex && Array.isArray(manifests) && manifests.every(isDescriptor) ? manifests : undefined;
}

function isDescriptor(value: unknown): value is Descriptor {
  const { mediaType, digest, size, artifactType } = (value ?? {}) as Partial<
    Record<keyof Descriptor, unknown>
  >;
  return (
    typeof mediaType === 'string' &&
    typeof digest === 'string' &&
    isAnyDigest(digest) &&
    typeof size === 'number' &&
    Number.isSafeInteger(size) &&
    size >= 0 &&
    (artifactType === undefined || artifactType === null || typeof artifactType === 'string')
  );
}
