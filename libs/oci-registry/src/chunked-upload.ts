import { RegistryError } from './errors.ts';
import type { Http } from './http.ts';
import { shownAddress } from './secret.ts';
import { ChunksRefused, SessionEnded } from './session-ended.ts';
import { askStatus, patchChunk, putBlob, type UploadSession } from './upload-session.ts';
import { type BlobSource, partOf } from './upload-source.ts';

/** How often in one session a chunk may be refused because it is out of place. */
const MISPLACED_TRIES = 6;

/**
 * One blob in one session, chunk after chunk, then the request that closes it. After a failure it goes on from
 * what the registry has. https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md#pushing-a-blob-in-chunks
 */
export class ChunkedUpload {
  readonly #http: Http;
  readonly #source: BlobSource;
  readonly #chunkSize: number;
  #session: UploadSession;
  /** How many bytes of the blob the registry has. */
  #end = 0;
  /** Nothing has interrupted it so far. */
  #smooth = true;

  constructor(http: Http, source: BlobSource, session: UploadSession, chunkSize: number) {
    this.#http = http;
    this.#source = source;
    this.#session = session;
    this.#chunkSize = chunkSize;
  }

  /** @throws SessionEnded when another session may succeed; RegistryError, LocalContentError when none will */
  async send(): Promise<void> {
    const tries = this.#http.retries.begin();
    for (let misplaced = 0; ; ) {
      try {
        if (this.#isComplete) return await putBlob(this.#http, this.#session, this.#source.digest);
        await this.#sendChunk();
        tries.progressed();
      } catch (error) {
        if (!(error instanceof RegistryError)) throw error;
        if (error.temporary) {
          this.#smooth = false;
          await tries.failed(error);
          await this.#goOn();
        } else if (error.status === 416 && ++misplaced < MISPLACED_TRIES) {
          await this.#goElsewhere(error);
        } else {
          throw this.#endOf(error);
        }
      }
    }
  }

  get #isComplete(): boolean {
    return this.#end === this.#source.size;
  }

  async #sendChunk(): Promise<void> {
    const { repository, minChunk } = this.#session;
    const length = Math.min(Math.max(this.#chunkSize, minChunk), this.#source.size - this.#end);
    const part = partOf(this.#source, this.#end, length, repository, this.#http.onEvent);
    const sent = await patchChunk(this.#http, this.#session, this.#end, part);
    const end = this.#end + length;
    if (sent.end !== undefined && sent.end !== end) throw this.#unclear(sent.end);
    this.#session = sent.session;
    this.#end = end;
  }

  /** Goes on from what the registry says it has. */
  async #goOn(): Promise<void> {
    const has = await askStatus(this.#http, this.#session).catch((error: unknown) => {
      const final = !(error instanceof RegistryError) || error.temporary || isAboutUs(error);
      throw final ? error : new SessionEnded(error);
    });
    // Registries write `0-0` for one byte, as the specification says, and for none, as the first registry did.
    if (has.end === 1 || has.end > this.#source.size) throw new SessionEnded(this.#unclear(has.end));
    this.#session = has.session;
    this.#end = has.end;
  }

  /** Goes on where the registry wants it, when it refused the range of a chunk because it expected another one. */
  async #goElsewhere(error: RegistryError): Promise<void> {
    const before = this.#end;
    await this.#goOn().catch((reason: unknown) => {
      throw reason instanceof SessionEnded ? new ChunksRefused(error) : reason;
    });
    if (this.#end === before) throw new ChunksRefused(error);
  }

  /**
   * The meaning of a final refusal of a chunk, or of the request that closes. After an interruption it need not
   * be more than that: a registry may have said what it has while the rest of a broken request was still being
   * written, and then has bytes twice.
   */
  #endOf(error: RegistryError): unknown {
    if (isAboutUs(error)) return error;
    if (error.status === 404 || !this.#smooth) return new SessionEnded(error);
    return this.#isComplete ? error : new ChunksRefused(error);
  }

  #unclear(end: number): RegistryError {
    const request = { method: 'GET', address: shownAddress(this.#session.location) };
    const words = `says it has ${end} of ${this.#source.size} bytes, which cannot be`;
    return new RegistryError('REGISTRY_PROTOCOL_BROKEN', words, request);
  }
}

function isAboutUs({ status }: RegistryError): boolean {
  return status === 401 || status === 403;
}
