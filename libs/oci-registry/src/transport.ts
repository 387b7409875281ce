import { bounded, isLoopback } from '@qemu-user-static/http';
import type { Connections } from './connections.ts';
import { RegistryError } from './errors.ts';
import type { OnEvent } from './events.ts';
import { type Asked, brokenProtocol, connectionFailure, shown, tooSlow } from './failures.ts';
import { apiHost } from './reference.ts';
import { type Scrubber, shownAddress } from './secret.ts';
import { speaksTls } from './tls.ts';

export interface Body {
  readonly size: number;
  /** The bytes from the beginning; called again when they must be sent again. */
  open(): AsyncIterable<Uint8Array>;
}

export interface Outgoing extends Asked {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | Body;
  /** `true`: a redirect to another origin is refused, before anything is sent there. */
  readonly stays?: boolean;
}

export interface Incoming {
  /** Whether a redirect led to another origin on the way: then what the answer demands counts for nothing. */
  readonly strayed: boolean;
  readonly status: number;
  header(name: string): string | undefined;
  /** The bytes. A connection that breaks is a temporary RegistryError; one that is too slow a final one. */
  body(): AsyncGenerator<Uint8Array>;
  /** Gives up the body. Every answer is either read or discarded, or its connection stays occupied. */
  discard(): Promise<void>;
}

/** HTTP with the rules that hold for every request, whoever asks: where it may go and what it may carry there. */
export interface Transport {
  /** The registry's own origin, such as `https://ghcr.io`. */
  origin(): Promise<string>;
  exchange(outgoing: Outgoing): Promise<Incoming>;
}

interface TransportSettings {
  /** `true`: this registry is spoken to without TLS. `false`: never. Left out: as a server on this machine speaks. */
  readonly plainHttp?: boolean;
  readonly userAgent: string;
  /** How long the answer to GET and HEAD may take to begin, in milliseconds. */
  readonly readAnswerMs: number;
  /** The time of a body in addition to that of its bytes, in milliseconds. */
  readonly graceMs: number;
  readonly signal?: AbortSignal;
}

const MAX_REDIRECTS = 5;
/** The part of an unwanted answer that is read to keep its connection, in bytes and milliseconds. */
const WORTH_KEEPING = { bytes: 128 << 10, ms: 1000 };
const REDIRECTS = new Set([301, 302, 303, 307, 308]);

export function createTransport(
  registry: string,
  connections: Connections,
  onEvent: OnEvent,
  scrubber: Scrubber,
  settings: TransportSettings,
): Transport {
  const host = apiHost(registry);
  const { signal, plainHttp, graceMs } = settings;
  // A registry elsewhere does not lead into this machine.
  const mayBePlain = (to: string) => plainHttp === true || (isLoopback(to) && isLoopback(host));
  const warned = new Set<string>();
  let scheme: Promise<'https' | 'http'> | undefined;

  async function findScheme(): Promise<'https' | 'http'> {
    if (plainHttp !== undefined) return plainHttp ? 'http' : 'https';
    return !isLoopback(host) || (await speaksTls(new URL(`https://${host}`))) ? 'https' : 'http';
  }

  async function once(outgoing: Outgoing, strayed: boolean): Promise<Incoming> {
    const { method, url, body } = outgoing;
    if (url.protocol !== 'https:' && !mayBePlain(url.host)) {
      const request = { method, address: shownAddress(url) };
      throw new RegistryError('REGISTRY_PLAIN_HTTP', 'would be sent without TLS', request);
    }
    signal?.throwIfAborted();
    const connection = await connections.to(url, url.host === host ? registry : url.host);
    try {
      const {
        statusCode,
        headers,
        body: answer,
      } = await connection.request({
        origin: url.origin,
        method,
        path: `${url.pathname}${url.search}`,
        headers: { ...outgoing.headers, 'user-agent': settings.userAgent, ...bodyHeaders(body) },
        body:
          body instanceof Uint8Array || body === undefined ? (body ?? null) : (sent(body, outgoing) as never),
        // undici drops the connection after HEAD unless asked not to; half of all requests here are HEAD.
        ...(method === 'HEAD' && { reset: false }),
        ...(isRead(method) && { headersTimeout: settings.readAnswerMs }),
        ...(signal && { signal }),
      });
      onEvent({ type: 'request', method, address: shownAddress(url), status: statusCode });
      const incoming: Incoming = {
        strayed,
        status: statusCode,
        header: (name) => [headers[name.toLowerCase()] ?? []].flat().join(', ') || undefined,
        body: () => received(answer, outgoing),
        discard: () => drain(answer),
      };
      reportWarnings(incoming.header('warning'));
      return incoming;
    } catch (error) {
      throw connectionFailure(outgoing, error, signal);
    }
  }

  /** A body on its way to a server, which must not take it in more slowly than any connection worth using. */
  function sent(body: Body, asked: Outgoing): AsyncIterable<Uint8Array> {
    return bounded(body.open(), { graceMs }, () => tooSlow(asked, 'reads'));
  }

  async function* received(body: AsyncIterable<Uint8Array>, asked: Outgoing): AsyncGenerator<Uint8Array> {
    try {
      yield* bounded(body, { graceMs }, () => tooSlow(asked, 'answers'));
    } catch (error) {
      throw connectionFailure(asked, error, signal);
    }
  }

  // https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md#warnings
  function reportWarnings(header: string | undefined): void {
    for (const [, text = ''] of (header ?? '').matchAll(/299 - "((?:[^"\\]|\\.)*)"/g)) {
      if (!warned.has(text))
        onEvent({ type: 'warning', text: shown(scrubber.scrub(text.replace(/\\(.)/g, '$1'))) });
      warned.add(text);
    }
  }

  return {
    origin: async () => {
      scheme ??= findScheme();
      return new URL(`${await scheme}://${host}`).origin;
    },
    exchange: async (outgoing) => {
      let next = outgoing;
      let strayed = false;
      for (let hops = 0; hops <= MAX_REDIRECTS; hops++) {
        const incoming = await once(next, strayed);
        const location = incoming.header('location');
        // A body is never sent elsewhere; a registry names another place for it in Location, not by a redirect.
        if (!isRead(next.method) || !REDIRECTS.has(incoming.status) || location === undefined)
          return incoming;
        await incoming.discard();
        const { origin } = next.url;
        next = redirected(next, location);
        strayed ||= next.url.origin !== origin;
        if (strayed && outgoing.stays) throw brokenProtocol(outgoing, `redirects to ${next.url.origin}`);
      }
      throw brokenProtocol(next, `redirects more than ${MAX_REDIRECTS} times`);
    },
  };
}

function isRead(method: string): boolean {
  return method === 'GET' || method === 'HEAD';
}

/** The request at its new address. Credentials stay with the origin that they are for. */
function redirected(outgoing: Outgoing, location: string): Outgoing {
  const url = resolveAddress(location, outgoing);
  const { headers = {} } = outgoing;
  const { authorization: _, ...others } = headers;
  return { ...outgoing, url, headers: url.origin === outgoing.url.origin ? headers : others };
}

/** An address a server gave, which may be relative; a query stays as it is, a user in it is dropped. */
export function resolveAddress(location: string, asked: Asked): URL {
  const url = URL.parse(location, asked.url.href);
  if (url?.protocol !== 'https:' && url?.protocol !== 'http:') {
    throw brokenProtocol(asked, 'names an address that is not one of HTTP or HTTPS');
  }
  url.username = '';
  url.password = '';
  return url;
}

function bodyHeaders(body: Outgoing['body']): Record<string, string> {
  if (body === undefined) return {};
  return { 'content-length': String(body instanceof Uint8Array ? body.byteLength : body.size) };
}

/** Reads a short body to its end, so that its connection can be used again; a long one ends with it. */
async function drain(body: AsyncIterable<Uint8Array>): Promise<void> {
  try {
    for await (const _ of bounded(body, WORTH_KEEPING, () => new Error('not worth it')));
  } catch {
    // It is not wanted, so neither are its errors.
  }
}
