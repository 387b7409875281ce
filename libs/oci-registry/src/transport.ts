import { isLoopback } from '@qemu-user-static/http';
import type { Connections } from './connections.ts';
import { RegistryError } from './errors.ts';
import type { OnEvent } from './events.ts';
import { type Asked, brokenProtocol, connectionFailure, shown } from './failures.ts';
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
}

export interface Incoming {
  /** Where the answer came from in the end. */
  readonly url: URL;
  readonly status: number;
  header(name: string): string | undefined;
  /** The bytes; a connection that breaks is told as a temporary RegistryError. */
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

export interface TransportSettings {
  /** `true`: this registry is spoken to without TLS. `false`: never. Left out: as a server on this machine speaks. */
  readonly plainHttp?: boolean;
  readonly userAgent: string;
  readonly signal?: AbortSignal;
}

const MAX_REDIRECTS = 5;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);

export function createTransport(
  registry: string,
  connections: Connections,
  onEvent: OnEvent,
  scrubber: Scrubber,
  settings: TransportSettings,
): Transport {
  const host = apiHost(registry);
  const { signal, plainHttp } = settings;
  const warned = new Set<string>();
  let scheme: Promise<'https' | 'http'> | undefined;

  async function findScheme(): Promise<'https' | 'http'> {
    if (plainHttp !== undefined) return plainHttp ? 'http' : 'https';
    return !isLoopback(host) || (await speaksTls(new URL(`https://${host}`))) ? 'https' : 'http';
  }

  async function once(outgoing: Outgoing): Promise<Incoming> {
    const { method, url, body } = outgoing;
    if (url.protocol !== 'https:' && !(plainHttp || isLoopback(url.host))) {
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
        body: body instanceof Uint8Array || body === undefined ? (body ?? null) : (body.open() as never),
        // undici drops the connection after HEAD unless told not to; half of all requests here are HEAD.
        ...(method === 'HEAD' && { reset: false }),
        ...(signal && { signal }),
      });
      onEvent({ type: 'request', method, address: shownAddress(url), status: statusCode });
      const incoming: Incoming = {
        url,
        status: statusCode,
        header: (name) => [headers[name.toLowerCase()] ?? []].flat().join(', ') || undefined,
        body: () => told(answer, outgoing, signal),
        discard: () => answer.dump().catch(() => undefined),
      };
      tellWarnings(incoming.header('warning'));
      return incoming;
    } catch (error) {
      throw connectionFailure(outgoing, error, signal);
    }
  }

  // https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md#warnings
  function tellWarnings(header: string | undefined): void {
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
      for (let hops = 0; hops <= MAX_REDIRECTS; hops++) {
        const incoming = await once(next);
        const location = incoming.header('location');
        // What is sent is never sent elsewhere; a registry names another place for it in Location, not by a redirect.
        const reads = next.method === 'GET' || next.method === 'HEAD';
        if (!reads || !REDIRECTS.has(incoming.status) || location === undefined) return incoming;
        await incoming.discard();
        next = redirected(next, location);
      }
      throw brokenProtocol(next, `redirects more than ${MAX_REDIRECTS} times`);
    },
  };
}

/** The request at its new address. What proves who we are stays with the origin it was meant for. */
function redirected(outgoing: Outgoing, location: string): Outgoing {
  const url = resolveAddress(location, outgoing);
  const { authorization, ...others } = outgoing.headers ?? {};
  const keep = url.origin === outgoing.url.origin && authorization !== undefined;
  return { ...outgoing, url, headers: keep ? { ...others, authorization } : others };
}

/** An address a server gave, which may be relative; a query stays as it is, a user in it is dropped. */
export function resolveAddress(location: string, asked: Asked): URL {
  const url = URL.parse(location, asked.url.href);
  if (url?.protocol !== 'https:' && url?.protocol !== 'http:') {
    throw brokenProtocol(asked, 'names a next address that is none');
  }
  url.username = '';
  url.password = '';
  return url;
}

function bodyHeaders(body: Outgoing['body']): Record<string, string> {
  if (body === undefined) return {};
  return { 'content-length': String(body instanceof Uint8Array ? body.byteLength : body.size) };
}

async function* told(
  body: AsyncIterable<Uint8Array>,
  asked: Asked,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  try {
    yield* body;
  } catch (error) {
    throw connectionFailure(asked, error, signal);
  }
}
