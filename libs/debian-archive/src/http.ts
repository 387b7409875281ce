import { type Bounds, bounded, type Exceeded, readProxies } from '@qemu-user-static/http';
import type { Dispatcher } from 'undici';
import { ArchiveError, type ArchiveErrorCode } from './errors.ts';
import { loading, systemError } from './limits.ts';
import { bare, withoutCredentials } from './urls.ts';

/** Plain GET over HTTP and HTTPS; knows proxies, redirects and time limits, not retries. */
export interface Http {
  /**
   * Resolves once the headers of a good answer (200 or 206) are there. Credentials in the URL are sent as
   * Basic authentication. Once `signal` fires, this and the body throw the signal's reason.
   *
   * @throws ArchiveError HOST_NOT_FOUND, CONNECTION_*, HTTP_MALFORMED, RESOURCES_EXHAUSTED; HttpStatusError; ProxyError
   */
  get(url: URL, options?: GetOptions): Promise<HttpResponse>;
  close(): Promise<void>;
}

export interface GetOptions {
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
  /** The limits of the body: more bytes are SIZE_DIFFERS, more time is CONNECTION_TIMEOUT. */
  readonly bounds?: Bounds | undefined;
}

export interface HttpResponse {
  readonly status: number;
  /** The header's value; `''` if it is not there. */
  header(name: string): string;
  /** Must be read, or discarded. Throws ArchiveError CONNECTION_* if the connection fails, and what `bounds` refuse. */
  readonly body: AsyncIterable<Uint8Array>;
  discard(): void;
}

/** The server answered, and the answer was no. */
export class HttpStatusError extends ArchiveError {
  readonly status: number;
  /** The wait that the server asks for before the next request, in milliseconds. */
  readonly retryAfter: number | undefined;

  constructor(url: URL, status: number, retryAfter: number | undefined) {
    super(codeOfStatus(status), `${withoutCredentials(url)}: HTTP status ${status}`);
    this.status = status;
    this.retryAfter = retryAfter;
  }
}

/** Time limits in milliseconds: to connect, for the answer to begin, and between two pieces of it. */
export interface HttpLimits {
  readonly connect: number;
  readonly headers: number;
  readonly body: number;
}

/** `environment` is read for http_proxy, https_proxy and no_proxy, in lower or upper case. */
export function openHttp(
  environment: NodeJS.ProcessEnv,
  limits: HttpLimits = { connect: 10_000, headers: 30_000, body: 30_000 },
): Http {
  let opened: Promise<Dispatcher> | undefined;
  return {
    async get(url, options = {}) {
      opened ??= openDispatcher(environment, limits);
      return get(await opened, url, options);
    },
    // Not `close`, which would wait for answers nobody reads any more.
    // One that could not be opened has said so.
    close: async () => (await opened?.catch(() => undefined))?.destroy(),
  };
}

async function openDispatcher(environment: NodeJS.ProcessEnv, limits: HttpLimits): Promise<Dispatcher> {
  // Here and not above: it takes long to load, and most commands find what they need on this machine.
  const { EnvHttpProxyAgent, interceptors } = await loading(import('undici'));
  const agent = new EnvHttpProxyAgent({
    ...readProxies(environment),
    connect: { timeout: limits.connect },
    headersTimeout: limits.headers,
    bodyTimeout: limits.body,
  });
  return agent.compose(interceptors.redirect({ maxRedirections: 5 }));
}

async function get(
  dispatcher: Dispatcher,
  url: URL,
  { headers, signal, bounds = {} }: GetOptions,
): Promise<HttpResponse> {
  const { request } = await loading(import('undici'));
  const response = await request(bare(url), {
    dispatcher,
    // Sizes and ranges are those of the file, so it must come as it is.
    headers: { 'accept-encoding': 'identity', ...authorization(url), ...headers },
    signal: signal ?? null,
  }).catch((cause: unknown) => {
    throw asArchiveError(cause, url, signal);
  });
  const header = (name: string) => String(response.headers[name] ?? '');
  const discard = () => {
    response.body.on('error', () => {}).destroy();
  };
  if (response.statusCode !== 200 && response.statusCode !== 206) {
    discard();
    throw new HttpStatusError(url, response.statusCode, parseRetryAfter(header('retry-after')));
  }
  const body = bounded(response.body, bounds, (which) => exceeded(which, url, bounds));
  return { status: response.statusCode, header, body: readBody(body, url, signal), discard };
}

async function* readBody(
  body: AsyncIterable<Uint8Array>,
  url: URL,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  try {
    yield* body;
  } catch (cause) {
    throw asArchiveError(cause, url, signal);
  }
}

function exceeded(which: Exceeded, url: URL, { bytes }: Bounds): ArchiveError {
  const where = withoutCredentials(url);
  return which === 'bytes'
    ? new ArchiveError('SIZE_DIFFERS', `${where} has more than ${bytes} bytes`)
    : new ArchiveError('CONNECTION_TIMEOUT', `${where} is sent too slowly`);
}

function authorization({ username, password }: URL): Record<string, string> {
  if (username === '') return {};
  const credentials = Buffer.concat([unescaped(username), Buffer.from(':'), unescaped(password)]);
  return { authorization: `Basic ${credentials.toString('base64')}` };
}

/** The bytes of a part of a URL, which is ASCII. A percent sign that encodes nothing is itself, as in curl. */
function unescaped(part: string): Buffer {
  const bytes = part.replace(/%([0-9a-f]{2})/gi, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(bytes, 'latin1');
}

/** Only the form in seconds: the form with a date needs clocks that agree, and archives do not send it. */
function parseRetryAfter(value: string): number | undefined {
  return /^\d{1,6}$/.test(value) ? Number(value) * 1000 : undefined;
}

function codeOfStatus(status: number): ArchiveErrorCode {
  if (status === 404 || status === 410) return 'FILE_GONE';
  if (status === 429 || status >= 500) return 'HTTP_FAILED';
  return 'HTTP_REFUSED';
}

const CODES: Readonly<Record<string, ArchiveErrorCode>> = {
  ENOTFOUND: 'HOST_NOT_FOUND',
  EAI_AGAIN: 'HOST_NOT_FOUND',
  ECONNRESET: 'CONNECTION_DROPPED',
  EPIPE: 'CONNECTION_DROPPED',
  // undici's answer to a proxy that wants a password, or does not let this request through
  UND_ERR_INVALID_ARG: 'HTTP_REFUSED',
  UND_ERR_ABORTED: 'HTTP_REFUSED',
  UND_ERR_HEADERS_OVERFLOW: 'HTTP_MALFORMED',
  UND_ERR_SOCKET: 'CONNECTION_DROPPED',
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'CONNECTION_DROPPED',
  ETIMEDOUT: 'CONNECTION_TIMEOUT',
  UND_ERR_CONNECT_TIMEOUT: 'CONNECTION_TIMEOUT',
  UND_ERR_HEADERS_TIMEOUT: 'CONNECTION_TIMEOUT',
  UND_ERR_BODY_TIMEOUT: 'CONNECTION_TIMEOUT',
};

function asArchiveError(cause: unknown, url: URL, signal: AbortSignal | undefined): unknown {
  if (signal?.aborted) return signal.reason;
  if (cause instanceof ArchiveError) return cause;
  const { name, code = '' } = cause as NodeJS.ErrnoException;
  // undici's parser has its own codes, or none.
  const known = name === 'HTTPParserError' ? 'HTTP_MALFORMED' : (CODES[code] ?? 'CONNECTION_FAILED');
  return systemError(known, withoutCredentials(url), cause);
}
