import { ArchiveError } from './errors.ts';
import type { ArchiveFile } from './files.ts';
import { type HttpResponse, HttpStatusError } from './http.ts';
import { PartialFile } from './partial-file.ts';
import { type Transfer, type TransferContext, transferring } from './transfer.ts';
import { withoutCredentials } from './urls.ts';

/** The settings of a download. */
export interface DownloadContext extends TransferContext {
  /** The cache folder, see `cacheFolder`. */
  readonly cache: string;
}

/**
 * Downloads the file from `url` into the cache and returns its path there. Continues where an earlier download of
 * the same content ended, wherever that came from; nothing enters the cache but the bytes with the hash. Its bytes, its
 * attempts and its time are bounded, whatever progress it makes.
 *
 * @throws ArchiveError SIZE_DIFFERS, HASH_DIFFERS, FILE_GONE, HTTP_*, CONNECTION_*, HOST_NOT_FOUND,
 *   DISK_FULL, CACHE_NOT_OWN, CACHE_UNUSABLE, RESOURCES_EXHAUSTED
 */
export async function download(file: ArchiveFile, url: URL, context: DownloadContext): Promise<string> {
  const partial = await PartialFile.claim(context.cache, file.sha256);
  const state = { file, partial, isFresh: false, sent: 0 };
  try {
    await transferring(url, file.size, context, (transfer) => receiveRight({ ...transfer, state }));
    const path = await partial.commit();
    context.onEvent?.({ type: 'fetch-done', file });
    return path;
  } catch (error) {
    await partial.release();
    throw error;
  }
}

/** The state that all attempts share. */
interface State {
  readonly file: ArchiveFile;
  readonly partial: PartialFile;
  /** A wrong body was received, and the file is asked for once more, past any cache on the way. */
  isFresh: boolean;
  /** Bytes, with those that were received in vain. */
  sent: number;
}

interface Download extends Transfer {
  readonly state: State;
}

/** A wrong body is asked for once more in all, from the start. */
async function receiveRight(download: Download): Promise<void> {
  try {
    await receive(download);
  } catch (error) {
    if (!isWrong(error) || download.state.isFresh) throw error;
    download.state.isFresh = true;
    download.onRetry(error, 0);
    await receive(download);
  }
}

const isWrong = (error: unknown): error is ArchiveError =>
  error instanceof ArchiveError && (error.code === 'SIZE_DIFFERS' || error.code === 'HASH_DIFFERS');

/** Receives what is still missing. A wrong file is not kept. */
async function receive(download: Download): Promise<void> {
  const { partial, file } = download.state;
  try {
    if (partial.received < file.size || file.size === 0) await request(download);
    refuseOtherContent(download);
  } catch (error) {
    if (isWrong(error)) await partial.restart();
    throw error;
  }
}

/** So many bytes are progress: a server that drops sooner each time is given up at last. */
const PROGRESS_BYTES = 1 << 20;

/** A file is sent so many times at most, in parts or whole: a server may ignore Range, and one body may be wrong. */
const MOST_TIMES = 4;

async function request({ url, context, state, leftMs, progressed }: Download): Promise<void> {
  const { partial, file } = state;
  const headers = {
    ...(state.isFresh && { 'cache-control': 'no-cache' }),
    ...(partial.received > 0 && { range: `bytes=${partial.received}-` }),
  };
  const response = await context.http
    .get(url, { headers, signal: context.signal, bounds: { ms: leftMs() } })
    .catch((error: unknown) => {
      // Range Not Satisfiable: the server's file ends where ours does, or before.
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
    state.sent += chunk.length;
    if (partial.received > file.size) break;
    refuseMore(state, url);
    if (partial.received - resumedAt >= PROGRESS_BYTES) progressed();
    context.onEvent?.({ type: 'fetch-progress', file, received: partial.received });
  }
}

/** Final: it is not asked for again. */
function refuseMore(state: State, url: URL): void {
  if (state.sent <= MOST_TIMES * state.file.size) return;
  state.isFresh = true;
  const message = `${withoutCredentials(url)} sent ${state.sent} bytes of a file of ${state.file.size}`;
  throw new ArchiveError('SIZE_DIFFERS', message);
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

/** NaN without a range. */
function parseRange(response: HttpResponse): [start: number, size: number] {
  const [, start, size] = /^bytes (\d+)-\d+\/(\d+)$/.exec(response.header('content-range')) ?? [];
  return [Number(start), Number(size)];
}

function parseLength(response: HttpResponse): number | undefined {
  const length = response.header('content-length');
  return length === '' ? undefined : Number(length);
}

function refuseOtherContent({ state: { partial, file }, url }: Download): void {
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
