import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { setTimeout as after } from 'node:timers/promises';
import { type Answer, answerApi, blobAnswer, failure, type Traits } from './api.ts';
import { createFaults, type Injection } from './faults.ts';
import { readBody, send } from './send.ts';
import { createStore, type Store } from './store.ts';
import {
  basicOf,
  createTokens,
  type Lock,
  mayHaveToken,
  readTokenRequest,
  scopeOf,
  type TokenRequest,
} from './tokens.ts';

export interface RegistryServerSettings extends Traits {
  readonly lock?: Lock;
  /** A key and certificate, in PEM; with `clientCa`, only clients it has signed are let in. */
  readonly tls?: { readonly key: string; readonly cert: string; readonly clientCa?: string };
  /** Blobs are served by another server, to which this one redirects. */
  readonly redirectBlobs?: boolean;
}

/** A request as it arrived. */
export interface SeenRequest {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Bytes of its body that arrived; counted up while they do. */
  received: number;
}

/** A registry in this process, for tests over real HTTP. */
export interface RegistryServer {
  /** `127.0.0.1:<port>`: its name in references. */
  readonly name: string;
  readonly store: Store;
  readonly requests: readonly SeenRequest[];
  readonly tokenRequests: readonly TokenRequest[];
  /** The requests to the other server that has the blobs, if it exists. */
  readonly storageRequests: readonly SeenRequest[];
  inject(injection: Injection): void;
  /** Nothing more goes wrong. */
  heal(): void;
  /** How often each kind of fault has happened. */
  readonly faults: Readonly<Record<string, number>>;
  /** The most requests that were under way at the same time. */
  readonly mostAtOnce: number;
  /** How many connections were made to it. */
  readonly connections: number;
  /** Ends it, and every connection to it. */
  close(): Promise<void>;
}

/** Starts one on a free port of the loopback interface. */
export async function startRegistryServer(settings: RegistryServerSettings = {}): Promise<RegistryServer> {
  const { lock = { kind: 'open' }, tls } = settings;
  const [store, faults, tokens] = [createStore(), createFaults(), createTokens()];
  const requests: SeenRequest[] = [];
  const storageRequests: SeenRequest[] = [];
  const tokenRequests: TokenRequest[] = [];

  function refuseEntry(
    { method = '', headers: { authorization } }: IncomingMessage,
    url: URL,
  ): Answer | undefined {
    if (lock.kind === 'open' || url.pathname === '/token') return undefined;
    if (lock.kind === 'basic') {
      const enters = authorization === basicOf(lock.username, lock.password);
      return enters ? undefined : challenge('Basic realm="a registry, for tests"');
    }
    const scope = scopeOf(method, url);
    if (tokens.allows(authorization, scope)) return undefined;
    const realm = `${tls ? 'https' : 'http'}://${name}/token?kept=1`;
    return challenge(`Bearer realm="${realm}",service="test registry",scope="${scope}"`);
  }

  function giveToken(request: TokenRequest): Answer {
    tokenRequests.push(request);
    if (lock.kind !== 'bearer' || !mayHaveToken(lock, request)) return failure(401, 'UNAUTHORIZED');
    const token = {
      [lock.field ?? 'token']: tokens.issue(request.scopes),
      expires_in: lock.seconds ?? 300,
    };
    return {
      status: 200,
      headers: { 'content-type': 'application/json' },
      body: Buffer.from(JSON.stringify(token)),
    };
  }

  /** Where a blob really is, when that is not here. */
  function elsewhere(method: string, { pathname }: URL): Answer | undefined {
    const [, repository, digest] = /^\/v2\/(.+)\/blobs\/(sha256:.+)$/.exec(pathname) ?? [];
    if (!storage || method !== 'GET' || !store.blobs.has(`${repository}@${digest}`)) return undefined;
    const location = `http://${nameOf(storage)}/${repository}@${digest}?signature=very-secret`;
    return { status: 307, headers: { location } };
  }

  const atOnce = { now: 0, most: 0 };
  const serve: RequestListener = async (request, response) => {
    atOnce.most = Math.max(atOnce.most, ++atOnce.now);
    response.on('close', () => atOnce.now--);
    const { method = '', headers, socket } = request;
    const url = new URL(request.url ?? '', 'http://here');
    const seen = note(requests, request);
    const happening = faults.take(request);
    for (const fault of happening) {
      if (fault.kind === 'slow') await after(fault.ms);
      if (fault.kind === 'forget-uploads') store.uploads.clear();
      if (fault.kind === 'expire-tokens') tokens.forget();
    }
    const instead = happening.find((fault) => fault.kind === 'status');
    const refused = instead
      ? { ...instead, body: Buffer.from(instead.body ?? '') }
      : refuseEntry(request, url);
    if (refused) return send(response, method, refused);

    const drop = happening.find((fault) => fault.kind === 'drop-request' || fault.kind === 'stall-request');
    const body = await readBody(request, (count) => (seen.received += count), drop?.after);
    if (drop) {
      if (method === 'PATCH') store.uploads.get(url.pathname.split('/').at(-1) ?? '')?.chunks.push(body);
      return drop.kind === 'drop-request' ? void socket.destroy() : undefined;
    }
    const answer =
      url.pathname === '/token'
        ? giveToken(readTokenRequest(method, url.searchParams, body.toString(), headers.authorization))
        : (elsewhere(method, url) ?? answerApi(store, settings, { method, url, headers, body }));
    const warning = settings.warning === undefined ? {} : { warning: `299 - "${settings.warning}"` };
    await send(response, method, { ...answer, headers: { ...answer.headers, ...warning } }, happening);
  };

  const serveStorage: RequestListener = async (request, response) => {
    note(storageRequests, request);
    const key = decodeURIComponent(new URL(request.url ?? '', 'http://here').pathname.slice(1));
    const blob = store.blobs.get(key);
    const answer = blob
      ? blobAnswer(blob, settings, request.headers.range, {})
      : failure(404, 'BLOB_UNKNOWN');
    await send(response, request.method ?? '', answer, faults.take(request));
  };

  const quietly = (listener: RequestListener): RequestListener => {
    // A client that goes away in the middle is part of what is tested.
    return (request, response) => {
      const { socket } = request;
      void Promise.resolve(listener(request, response)).catch(() => socket.destroy());
    };
  };
  const main = tls
    ? createTlsServer({ ...tls, ca: tls.clientCa, requestCert: tls.clientCa !== undefined }, quietly(serve))
    : createServer(quietly(serve));
  const storage = settings.redirectBlobs ? await listen(createServer(quietly(serveStorage))) : undefined;
  let connections = 0;
  main.on('connection', () => connections++);
  const name = nameOf(await listen(main));

  return {
    name,
    store,
    requests,
    tokenRequests,
    storageRequests,
    inject: faults.inject,
    heal: faults.heal,
    faults: faults.counts,
    get connections() {
      return connections;
    },
    get mostAtOnce() {
      return atOnce.most;
    },
    close: async () => {
      for (const server of [main, storage]) {
        server?.closeAllConnections();
        server?.close();
      }
    },
  };
}

function challenge(header: string): Answer {
  const refused = failure(401, 'UNAUTHORIZED', 'authentication required');
  return { ...refused, headers: { ...refused.headers, 'www-authenticate': header } };
}

function note(list: SeenRequest[], { method = '', url: path = '', headers }: IncomingMessage): SeenRequest {
  const seen = { method, path, headers, received: 0 };
  list.push(seen);
  return seen;
}

async function listen<S extends Server>(server: S): Promise<S> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

function nameOf(server: Server): string {
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}
