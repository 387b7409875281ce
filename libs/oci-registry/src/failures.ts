import { STATUS_CODES } from 'node:http';
import { CodedError } from '@qemu-user-static/errors';
import { parseRetryAfter } from '@qemu-user-static/http';
import { RegistryError, type RegistryErrorCode, type RegistryErrorDetail } from './errors.ts';
import { printable, type Scrubber, shownAddress } from './secret.ts';

/** A request, as its failures name it. */
export interface Asked {
  readonly method: string;
  readonly url: URL;
}

const MAX_DETAIL = 300;
const MAX_DETAILS = 10;

/** The error for an answer whose status is not one that was hoped for. */
export function refusal(
  { method, url }: Asked,
  status: number,
  retryAfter: string | undefined,
  body: string,
  scrubber: Scrubber,
  now: number,
): RegistryError {
  const details = parseErrorBody(body, scrubber);
  const retryAfterMs = status === 429 || status >= 500 ? parseRetryAfter(retryAfter, now) : undefined;
  const words = [
    `${status} ${STATUS_CODES[status] ?? ''}`.trim(),
    ...details.map(({ code, message }) => [code, message].filter(Boolean).join(': ')),
  ];
  if (retryAfterMs !== undefined) words.push(`asks to wait ${Math.ceil(retryAfterMs / 1000)} s`);
  return new RegistryError(codeOf(status), words.join(', '), {
    method,
    address: shownAddress(url),
    status,
    details,
    temporary: status === 408 || status === 429 || (status >= 500 && status !== 501 && status !== 505),
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  });
}

function codeOf(status: number): RegistryErrorCode {
  if (status === 401) return 'REGISTRY_UNAUTHORIZED';
  if (status === 403) return 'REGISTRY_DENIED';
  if (status === 404) return 'REGISTRY_NOT_FOUND';
  if (status === 429) return 'REGISTRY_RATE_LIMITED';
  if (status >= 500) return 'REGISTRY_UNAVAILABLE';
  return status < 400 ? 'REGISTRY_PROTOCOL_BROKEN' : 'REGISTRY_REFUSED';
}

/**
 * The errors in an answer's body: a registry's `{"errors": [{"code", "message"}]}` (distribution-spec, "Error
 * Codes"), or a token server's `{"error", "error_description"}` (RFC 6749, section 5.2). Any other body has none.
 */
function parseErrorBody(body: string, scrubber: Scrubber): RegistryErrorDetail[] {
  let parsed: { errors?: unknown; error?: unknown; error_description?: unknown } | null;
  try {
    parsed = JSON.parse(body);
  } catch {
    return [];
  }
  const clean = (value: unknown) => (typeof value === 'string' ? shown(scrubber.scrub(value)) : '');
  const entries = Array.isArray(parsed?.errors) ? parsed.errors : [];
  const own = entries
    .slice(0, MAX_DETAILS)
    .map((entry) => ({ code: clean(entry?.code), message: clean(entry?.message) }));
  const oauth = { code: clean(parsed?.error), message: clean(parsed?.error_description) };
  return [...own, oauth].filter(({ code, message }) => code !== '' || message !== '');
}

/** A server's text on one line of reasonable length, with nothing a terminal would obey. */
export function shown(text: string): string {
  return printable(text).trim().slice(0, MAX_DETAIL);
}

const TLS_CODES =
  /^(?:ERR_TLS_|ERR_SSL_|CERT_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|HOSTNAME_MISMATCH|INVALID_CA|EPROTO)/;

// Codes of undici's parser for other protocols. The end of a connection inside an answer is only a broken connection.
const NOT_HTTP = /^(?:HTTPParserError$|HPE_(?!INVALID_EOF_STATE|CLOSED_CONNECTION)|UND_ERR_HEADERS_OVERFLOW)/;

// Of undici, of its parser, of a system call; Node's others, such as ERR_INVALID_URL, are bugs and end with the program.
const OF_CONNECTION = /^(?:UND_ERR_|HPE_|ERR_SOCKET_|ERR_STREAM_PREMATURE_CLOSE$|E(?!RR_)[A-Z])/;

/**
 * The error for a failed connection: a {@link RegistryError}, or the error as it was when it is not
 * about the connection (our own errors, an abort, a bug).
 */
export function connectionFailure(
  { method, url }: Asked,
  cause: unknown,
  signal: AbortSignal | undefined,
): unknown {
  if (signal?.aborted) return signal.reason;
  if (cause instanceof CodedError || !(cause instanceof Error)) return cause;
  const { code = cause.name } = cause as NodeJS.ErrnoException;
  const request = { method, address: shownAddress(url) };
  // Several addresses that all refuse give an error without words.
  const words = cause.message || code || 'the connection failed';
  if (code === 'UND_ERR_INVALID_ARG') return cause;
  if (TLS_CODES.test(code)) return new RegistryError('REGISTRY_TLS_FAILED', words, request, cause);
  if (NOT_HTTP.test(code)) return brokenProtocol({ method, url }, `does not answer in HTTP: ${words}`);
  if (!OF_CONNECTION.test(code)) return cause;
  return new RegistryError(
    'REGISTRY_UNREACHABLE',
    words,
    { ...request, temporary: code !== 'ENOTFOUND' },
    cause,
  );
}

/** An answer with more than was asked for. */
export function tooLarge({ method, url }: Asked, limit: number, of: 'bytes' | 'entries'): RegistryError {
  const words = `answers with more than ${limit} ${of}`;
  return new RegistryError('REGISTRY_ANSWER_TOO_LARGE', words, { method, address: shownAddress(url) });
}

/** A body that came, or was taken, more slowly than any connection worth using. */
export function tooSlow({ method, url }: Asked, what: 'answers' | 'reads'): RegistryError {
  const words = `${what} too slowly: the time for it is over`;
  return new RegistryError('REGISTRY_TOO_SLOW', words, { method, address: shownAddress(url) });
}

/** An answer that the specification does not allow. */
export function brokenProtocol({ method, url }: Asked, words: string, status?: number): RegistryError {
  return new RegistryError('REGISTRY_PROTOCOL_BROKEN', words, {
    method,
    address: shownAddress(url),
    ...(status !== undefined && { status }),
  });
}
