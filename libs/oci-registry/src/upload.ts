import { headBlob } from './blobs.ts';
import { ChunkedUpload } from './chunked-upload.ts';
import { checkDigest } from './digest.ts';
import { RegistryError } from './errors.ts';
import type { Http } from './http.ts';
import { checkRepository } from './reference.ts';
import { ChunksRefused, SessionEnded } from './session-ended.ts';
import { cancelSession, putBlob, requestSession, type UploadSession } from './upload-session.ts';
import { type BlobSource, partOf } from './upload-source.ts';

/** Mounted, or not: then the registry may have begun an upload instead, which `uploadBlob` can continue. */
export type MountResult =
  | { readonly mounted: true }
  | { readonly mounted: false; readonly session: UploadSession | undefined };

export interface UploadSettings {
  /** Blobs of at most so many bytes are sent in one request. Default 16 MiB. */
  readonly monolithicLimit?: number;
  /** The size of the chunks that larger ones are sent in, in bytes. Default 16 MiB. */
  readonly chunkSize?: number;
}

const DEFAULT_SIZE = 16 << 20;
const CHUNKED_TRIES = 2;

/** Uploads to one registry. All that is remembered from one to the next is whether it takes chunks. */
export class Uploads {
  readonly #http: Http;
  readonly #monolithicLimit: number;
  readonly #chunkSize: number;
  #takesChunks = true;

  constructor(http: Http, { monolithicLimit = DEFAULT_SIZE, chunkSize = DEFAULT_SIZE }: UploadSettings) {
    this.#http = http;
    this.#monolithicLimit = monolithicLimit;
    this.#chunkSize = chunkSize;
  }

  /** https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md#mounting-a-blob-from-another-repository */
  async mount(repository: string, digest: string, from: string): Promise<MountResult> {
    const wanted = { digest: checkDigest(digest), from: checkRepository(from) };
    const session = await requestSession(this.#http, repository, wanted).catch((error: unknown) => {
      // A token server may refuse all because of the other repository. The upload will show the real problem.
      if (error instanceof RegistryError && !error.temporary) return undefined;
      throw error;
    });
    // Not every registry that answers 201 has the blob, and a manifest that needs it would be refused later.
    const mounted = session === 'mounted' && (await this.#has(repository, digest));
    this.#http.onEvent({ type: 'mount', repository, ...wanted, hit: mounted });
    return mounted ? { mounted } : { mounted, session: session === 'mounted' ? undefined : session };
  }

  /** Begins an upload and cancels it. @throws RegistryError for whoever may not push */
  async tryPush(repository: string): Promise<void> {
    const session = (await requestSession(this.#http, repository)) as UploadSession;
    await cancelSession(this.#http, session);
  }

  async upload(repository: string, source: BlobSource, begun?: UploadSession): Promise<void> {
    checkDigest(source.digest);
    const tries = this.#http.retries.begin();
    let next = begun;
    for (let sessions = 1; ; sessions++) {
      const session = next ?? ((await requestSession(this.#http, repository)) as UploadSession);
      next = undefined;
      const inChunks = this.#takesChunks && source.size > this.#monolithicLimit;
      try {
        return await (inChunks ? this.#sendChunks(session, source) : this.#sendWhole(session, source));
      } catch (error) {
        await cancelSession(this.#http, session);
        if (!(error instanceof SessionEnded)) throw error;
        // It may have ended because the blob was complete and only the answer was lost.
        if (await this.#has(repository, source.digest)) return;
        const refused = error instanceof ChunksRefused;
        // Where chunked sessions end again and again, that is how the registry refuses chunks.
        if (refused || (inChunks && sessions === CHUNKED_TRIES)) this.#takesChunks = false;
        if (!refused) await tries.failed(error.reason);
      }
    }
  }

  async #has(repository: string, digest: string): Promise<boolean> {
    return (await headBlob(this.#http, repository, digest)) !== undefined;
  }

  #sendChunks(session: UploadSession, source: BlobSource): Promise<void> {
    return new ChunkedUpload(this.#http, source, session, this.#chunkSize).send();
  }

  async #sendWhole(session: UploadSession, source: BlobSource): Promise<void> {
    const { repository } = session;
    try {
      await putBlob(
        this.#http,
        session,
        source.digest,
        partOf(source, 0, source.size, repository, this.#http.onEvent),
      );
    } catch (error) {
      // How much of it arrived is not worth a question.
      const ended = error instanceof RegistryError && (error.temporary || error.status === 404);
      throw ended ? new SessionEnded(error) : error;
    }
  }
}
