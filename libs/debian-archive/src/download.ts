import { ArchiveError } from './errors.ts';
import type { OnArchiveEvent } from './events.ts';
import type { ArchiveFile } from './files.ts';
import { type Http, type HttpResponse, HttpStatusError } from './http.ts';
import { PartialFile } from './partial-file.ts';
import { PATIENT, type RetryPolicy, withRetries } from './retry.ts';
import { withoutCredentials } from './urls.ts';

/** What every fetch needs. */
export interface DownloadContext {
  /** The cache folder, see `cacheFolder`. */
  readonly cache: string;
  readonly http: Http;
  readonly onEvent?: OnArchiveEvent | undefined;
  readonly signal?: AbortSignal | undefined;
  /** PATIENT unless given. */
  readonly retry?: RetryPolicy | undefined;
}

/**
 * Brings the file from `url` into the cache and gives its path there. Goes on where an earlier download of
 * the same content ended, wherever that came from; nothing enters the cache but the bytes with the hash.
 *
 * @throws ArchiveError SIZE_DIFFERS, HASH_DIFFERS, FILE_GONE, HTTP_*, CONNECTION_*, HOST_NOT_FOUND,
 *   DISK_FULL, CACHE_UNUSABLE
 */
export async function download(file: ArchiveFile, url: URL, context: DownloadContext): Promise<string> {
  const { onEvent, signal, retry = PATIENT } = context;
  const onRetry = (error: ArchiveError, delay: number) =>
    onEvent?.({ type: 'fetch-retry', url: withoutCredentials(url), error, delay });
  const partial = await PartialFile.claim(context.cache, file.sha256);
  const transfer = { partial, file, url, context };
  try {
    await withRetries((progressed) => receiveRight(transfer, progressed, onRetry), retry, signal, onRetry);
    const path = await partial.commit();
    onEvent?.({ type: 'fetch-done', file });
    return path;
  } catch (error) {
    await partial.release();
    throw error;
  }
}

interface Transfer {
  readonly partial: PartialFile;
  readonly file: ArchiveFile;
  readonly url: URL;
  readonly context: DownloadContext;
}

/** A wrong body is asked for once more, from the start and past any cache on the way. */
async function receiveRight(
  transfer: Transfer,
  progressed: () => void,
  onRetry: (error: ArchiveError, delay: number) => void,
): Promise<void> {
  try {
    await receive(transfer, progressed, {});
  } catch (error) {
    if (!isWrong(error)) throw error;
    onRetry(error, 0);
    await receive(transfer, progressed, { 'cache-control': 'no-cache' });
  }
}

const isWrong = (error: unknown): error is ArchiveError =>
  error instanceof ArchiveError && (error.code === 'SIZE_DIFFERS' || error.code === 'HASH_DIFFERS');

/** Receives what is still missing. What turns out to be wrong is not kept. */
async function receive(
  transfer: Transfer,
  progressed: () => void,
  headers: Readonly<Record<string, string>>,
): Promise<void> {
  const { partial, file } = transfer;
  try {
    if (partial.received < file.size || file.size === 0) await request(transfer, progressed, headers);
    refuseOtherContent(transfer);
  } catch (error) {
    if (isWrong(error)) await partial.restart();
    throw error;
  }
}

/** So many bytes are progress: a server that drops sooner each time is given up at last. */
const PROGRESS_BYTES = 1 << 20;

async function request(
  { partial, file, url, context }: Transfer,
  progressed: () => void,
  headers: Readonly<Record<string, string>>,
): Promise<void> {
  const range = partial.received > 0 ? { range: `bytes=${partial.received}-` } : {};
  const response = await context.http
    .get(url, { headers: { ...headers, ...range }, signal: context.signal })
    .catch((error: unknown) => {
      // Range Not Satisfiable: the server's file is no longer than what we have of it.
      if (!(error instanceof HttpStatusError) || error.status !== 416) throw error;
      throw new ArchiveError('SIZE_DIFFERS', `${withoutCredentials(url)} is too short`, error);
    });
  refuseOtherRange(response, partial.received, file, url);
  // A server may ignore Range and send the whole file.
  if (response.status === 200) await partial.restart();

  const resumedAt = partial.received;
  context.onEvent?.({ type: 'fetch-start', file, url: withoutCredentials(url), resumedAt });
  for await (const chunk of response.body) {
    await partial.append(chunk);
    if (partial.received > file.size) break;
    if (partial.received - resumedAt >= PROGRESS_BYTES) progressed();
    context.onEvent?.({ type: 'fetch-progress', file, received: partial.received });
  }
}

/** The server says what it sends before it does: `Content-Range: bytes 100-199/200`, or the whole length. */
function refuseOtherRange(response: HttpResponse, wanted: number, file: ArchiveFile, url: URL): void {
  const where = withoutCredentials(url);
  const [start, size] = response.status === 206 ? parseRange(response) : [wanted, parseLength(response)];
  if (start === wanted && (size === undefined || size === file.size)) return;
  response.discard();
  if (start !== wanted) throw new ArchiveError('SIZE_DIFFERS', `${where} sends another part than asked for`);
  throw new ArchiveError('SIZE_DIFFERS', `${where} has ${size} bytes, not ${file.size}`);
}

function parseRange(response: HttpResponse): [start: number | undefined, size: number | undefined] {
  const [, start, size] = /^bytes (\d+)-\d+\/(\d+)$/.exec(response.header('content-range')) ?? [];
  return [start === undefined ? undefined : Number(start), size === undefined ? undefined : Number(size)];
}

function parseLength(response: HttpResponse): number | undefined {
  const length = response.header('content-length');
  return length === '' ? undefined : Number(length);
}

function refuseOtherContent({ partial, file, url }: Transfer): void {
  const where = withoutCredentials(url);
  if (partial.received > file.size) {
    throw new ArchiveError('SIZE_DIFFERS', `${where} has more than ${file.size} bytes`);
  }
  if (partial.received < file.size) {
    const message = `${where} ended after ${partial.received} of ${file.size} bytes`;
    throw new ArchiveError('CONNECTION_DROPPED', message);
  }
  if (partial.sha256 !== file.sha256) {
    throw new ArchiveError('HASH_DIFFERS', `${where} has SHA-256 ${partial.sha256}, not ${file.sha256}`);
  }
}
