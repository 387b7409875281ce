import { headBlob } from './blobs.ts';
import { checkDigest } from './digest.ts';
import { LocalContentError, RegistryError } from './errors.ts';
import type { Http } from './http.ts';
import { checkRepository } from './reference.ts';
import { shownAddress } from './secret.ts';
import type { Body } from './transport.ts';
import {
  askStatus,
  cancelSession,
  patchChunk,
  putBlob,
  requestSession,
  type UploadSession,
} from './upload-session.ts';

/** A blob to be sent: what it is, and its bytes from any offset on, as often as they are needed. */
export interface BlobSource {
  readonly digest: string;
  /** Bytes. */
  readonly size: number;
  /** A piece may lie where the one before lay: it is handed to the network before the next one is asked for. */
  open(offset: number): AsyncIterable<Uint8Array>;
}

/** Mounted, or not: then the registry may have begun an upload instead, which `uploadBlob` can go on with. */
export type MountResult =
  | { readonly mounted: true }
  | { readonly mounted: false; readonly session: UploadSession | undefined };

export interface UploadSettings {
  /** Blobs of at most so many bytes are sent in one request. Default 16 MiB. */
  readonly monolithicLimit?: number;
  /** The size of the chunks larger ones are sent in, in bytes. Default 16 MiB. */
  readonly chunkSize?: number;
}

export interface Uploads {
  mount(repository: string, digest: string, from: string): Promise<MountResult>;
  upload(repository: string, source: BlobSource, begun?: UploadSession): Promise<void>;
}

const DEFAULT_SIZE = 16 << 20;
const CHUNKED_TRIES = 2;
const MISPLACED_TRIES = 6;

/** How many bytes of the blob the registry has, and where the next go. */
interface Place {
  readonly session: UploadSession;
  readonly end: number;
}

/** Why an upload cannot go on in its session. Not for users: either another session does, or `reason` is thrown. */
class SessionEnded {
  readonly reason: RegistryError;
  constructor(reason: RegistryError) {
    this.reason = reason;
  }
}

/**
 * The registry does not follow the chunk protocol: Google's knows no chunks, GitHub's none over 4 MiB, and
 * Amazon's reports a Range that does not move. Each of them takes a blob of any size in one request.
 */
class ChunksRefused extends SessionEnded {}

/** Uploads to one registry. All that is remembered from one to the next is whether it takes chunks. */
export function createUploads(http: Http, settings: UploadSettings): Uploads {
  const { monolithicLimit = DEFAULT_SIZE, chunkSize = DEFAULT_SIZE } = settings;
  let takesChunks = true;

  async function mount(repository: string, digest: string, from: string): Promise<MountResult> {
    const wanted = { digest: checkDigest(digest), from: checkRepository(from) };
    const session = await requestSession(http, repository, wanted).catch((error: unknown) => {
      // A token server may refuse all because of the other repository. What is really wrong, the upload will tell.
      if (error instanceof RegistryError && !error.temporary) return undefined;
      throw error;
    });
    http.onEvent({ type: 'mount', repository, ...wanted, hit: session === 'mounted' });
    return session === 'mounted' ? { mounted: true } : { mounted: false, session };
  }

  async function upload(repository: string, source: BlobSource, begun?: UploadSession): Promise<void> {
    checkDigest(source.digest);
    const tries = http.retries.begin();
    let next = begun;
    for (let failures = 1; ; failures++) {
      const session = next ?? ((await requestSession(http, repository)) as UploadSession);
      next = undefined;
      // Where chunked sessions end again and again, that is how the registry refuses chunks.
      const inChunks = takesChunks && source.size > monolithicLimit;
      try {
        return await (inChunks ? sendChunks : sendWhole)(session, source);
      } catch (error) {
        await cancelSession(http, session);
        if (!(error instanceof SessionEnded)) throw error;
        // It may have ended because the blob was complete and only the answer was lost.
        if (await headBlob(http, repository, source.digest)) return;
        if (error instanceof ChunksRefused || (inChunks && failures === CHUNKED_TRIES)) takesChunks = false;
        if (!(error instanceof ChunksRefused)) await tries.failed(error.reason);
      }
    }
  }

  async function sendWhole(session: UploadSession, source: BlobSource): Promise<void> {
    try {
      await putBlob(http, session, source.digest, part(session.repository, source, 0, source.size));
    } catch (error) {
      // How much of it arrived is not worth a question.
      throw error instanceof RegistryError && (error.temporary || error.status === 404)
        ? ended(error)
        : error;
    }
  }

  /** Chunk after chunk, then the request that closes. After a failure it goes on from what the registry has. */
  async function sendChunks(begun: UploadSession, source: BlobSource): Promise<void> {
    let at: Place = { session: begun, end: 0 };
    let [smooth, misplaced] = [true, 0];
    const tries = http.retries.begin();
    for (;;) {
      try {
        if (at.end === source.size) return await putBlob(http, at.session, source.digest);
        at = await sendChunk(at.session, at.end, source);
        tries.progressed();
        misplaced = 0;
      } catch (error) {
        if (!(error instanceof RegistryError)) throw error;
        if (error.temporary) {
          smooth = false;
          await tries.failed(error);
          at = await status(at.session, source);
        } else if (error.status === 416 && ++misplaced < MISPLACED_TRIES) {
          at = await otherPlace(at, source, error);
        } else {
          throw endOf(error, at.end === source.size, smooth);
        }
      }
    }
  }

  /** Where the registry goes on, when it refused the range of a chunk because it expected another one. */
  async function otherPlace(at: Place, source: BlobSource, error: RegistryError): Promise<Place> {
    const has = await status(at.session, source).catch((reason: unknown) => {
      throw reason instanceof SessionEnded ? new ChunksRefused(error) : reason;
    });
    if (has.end === at.end) throw new ChunksRefused(error);
    return has;
  }

  async function sendChunk(session: UploadSession, offset: number, source: BlobSource): Promise<Place> {
    const length = Math.min(Math.max(chunkSize, session.minChunk), source.size - offset);
    const sent = await patchChunk(http, session, offset, part(session.repository, source, offset, length));
    const end = offset + length;
    if (sent.end !== undefined && sent.end !== end) throw unclear(session, source, sent.end);
    return { session: sent.session, end };
  }

  async function status(session: UploadSession, source: BlobSource): Promise<Place> {
    const has = await askStatus(http, session).catch((error: unknown) => {
      const final = !(error instanceof RegistryError) || error.temporary || isAboutUs(error);
      throw final ? error : ended(error);
    });
    // Registries write `0-0` for one byte, as the specification says, and for none, as the first registry did.
    if (has.end === 1 || has.end > source.size) throw ended(unclear(session, source, has.end));
    return has;
  }

  function part(repository: string, source: BlobSource, offset: number, size: number): Body {
    return { size, open: () => slice(repository, source, offset, size) };
  }

  async function* slice(repository: string, source: BlobSource, offset: number, length: number) {
    const { digest, size } = source;
    let left = length;
    if (left === 0) return;
    try {
      for await (const chunk of source.open(offset)) {
        const bytes = chunk.subarray(0, left);
        left -= bytes.byteLength;
        yield bytes;
        http.onEvent({ type: 'upload-progress', repository, digest, sent: offset + length - left, size });
        if (left === 0) return;
      }
    } catch (error) {
      throw new LocalContentError('UPLOAD_SOURCE_WRONG', `blob ${digest} cannot be read`, error);
    }
    throw new LocalContentError(
      'UPLOAD_SOURCE_WRONG',
      `blob ${digest} ends ${left} bytes before its size, ${size}`,
    );
  }

  return { mount, upload };
}

function isAboutUs({ status }: RegistryError): boolean {
  return status === 401 || status === 403;
}

/**
 * What it means when a chunk, or the request that closes, is finally refused. After an interruption it need not
 * be more than that: a registry may have told what it has while the rest of a broken request was still being
 * written, and then has bytes twice.
 */
function endOf(error: RegistryError, closing: boolean, smooth: boolean): unknown {
  if (isAboutUs(error)) return error;
  if (error.status === 404 || !smooth) return ended(error);
  return closing ? error : new ChunksRefused(error);
}

/** What failed may succeed in another session, even if this one is gone for good. */
function ended(error: RegistryError): SessionEnded {
  if (error.temporary) return new SessionEnded(error);
  const { code, method, address, status } = error;
  const request = { method, address, temporary: true, ...(status !== undefined && { status }) };
  return new SessionEnded(new RegistryError(code, 'the upload session ended', request, error));
}

function unclear({ location }: UploadSession, { size }: BlobSource, end: number): RegistryError {
  const request = { method: 'GET', address: shownAddress(location) };
  return new RegistryError(
    'REGISTRY_PROTOCOL_BROKEN',
    `says it has ${end} of ${size} bytes, which cannot be`,
    request,
  );
}
