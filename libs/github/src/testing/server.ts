import { hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { answer } from './api.ts';
import type { Answer } from './route.ts';
import { Repository } from './store.ts';

/**
 * Answers one request in another way than GitHub would on a good day. `well` does what was asked for, and gives
 * what would be said.
 */
export type Fault = (
  response: ServerResponse,
  request: IncomingMessage,
  well: () => Promise<Answer>,
) => void | Promise<void>;

export interface GitHubServer {
  readonly url: string;
  /** By `owner/repo`; one that is not there is made. */
  repository(name: string): Repository;
  /** Each is used for one request that its pattern fits, such as `/^POST .*\/pulls$/`, in order. */
  readonly faults: { readonly on: RegExp; readonly fault: Fault }[];
  /** The request, such as `GET /repos/o/r/tags?page=2 304`. */
  readonly requests: string[];
  close(): Promise<void>;
}

export interface GitHubServerSettings {
  readonly port?: number;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
  /** Called for every answer. */
  readonly onAnswer?: () => void;
}

/** A server on loopback that speaks GitHub's REST API as far as it is used here. Requests that write need a token, any. */
export async function startGitHub(settings: GitHubServerSettings = {}): Promise<GitHubServer> {
  const { port = 0, now = Date.now, onAnswer = () => undefined } = settings;
  const repositories = new Map<string, Repository>();
  const faults: GitHubServer['faults'] = [];
  const requests: string[] = [];
  const folder = await mkdtemp(join(tmpdir(), 'github-'));
  let base = '';

  const repository = (name: string) => {
    const found = repositories.get(name) ?? new Repository();
    repositories.set(name, found);
    return found;
  };

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '', base);
    const [, name = '', path = ''] =
      /^(?:\/uploads)?\/repos\/([^/]+\/[^/]+)(.*?)\/?$/.exec(url.pathname) ?? [];
    const found = repositories.get(name);
    const well = async (): Promise<Answer> => {
      if (request.method !== 'GET' && request.headers.authorization === undefined)
        return { status: 401, body: { message: 'Requires authentication' } };
      if (found === undefined) return { status: 404, body: { message: 'Not Found' } };
      const call = { repository: found, base, name, query: url.searchParams, request, folder, now: now() };
      return answer(call, path);
    };
    response.on('finish', () => {
      requests.push(`${request.method} ${request.url} ${response.statusCode}`);
      onAnswer();
    });
    const at = faults.findIndex(({ on }) => on.test(`${request.method} ${url.pathname}`));
    const [taken] = at < 0 ? [] : faults.splice(at, 1);
    if (taken === undefined) send(await well(), request, response, url);
    else await taken.fault(response, request, well);
  }

  const server = createServer((request, response) => {
    handle(request, response).catch((error: Error) => {
      if (response.headersSent || response.destroyed) response.destroy();
      else response.writeHead(500).end(JSON.stringify({ message: error.message }));
    });
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const close = async () => {
    server.closeAllConnections();
    await new Promise<void>((resolve) => server.close(() => resolve()));
    await rm(folder, { recursive: true, force: true });
  };
  return { url: base, repository, faults, requests, close };
}

/** https://docs.github.com/rest/using-the-rest-api/using-pagination-in-the-rest-api */
export function send(answered: Answer, request: IncomingMessage, response: ServerResponse, url: URL): void {
  const { status, body, list, file } = answered;
  if (file !== undefined) {
    response.writeHead(status, { 'content-type': 'application/octet-stream' });
    createReadStream(file).pipe(response);
    return;
  }
  const size = Math.min(100, Number(url.searchParams.get('per_page') ?? 30));
  const page = Number(url.searchParams.get('page') ?? 1);
  const shown = list?.slice((page - 1) * size, page * size) ?? body;
  const text = shown === undefined ? '' : JSON.stringify(shown);
  const etag = `"${hash('sha256', text)}"`;
  const next = new URL(url);
  next.searchParams.set('page', String(page + 1));
  const more = list !== undefined && list.length > page * size;
  const headers = {
    'content-type': 'application/json; charset=utf-8',
    etag,
    ...(more && { link: `<${next.href}>; rel="next"` }),
  };
  if (status === 200 && request.headers['if-none-match'] === etag) response.writeHead(304, headers).end();
  else response.writeHead(status, headers).end(text);
}

/** A plain status, such as 502, and headers. */
export const answers =
  (status: number, headers: Record<string, string> = {}, message = `status ${status}`): Fault =>
  (response, request) => {
    request.resume();
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(JSON.stringify({ message }));
  };

/** Does what was asked for, and the answer is lost. */
export const losesAnswer: Fault = async (response, _request, well) => {
  await well();
  response.destroy();
};

/** Takes so many bytes of a body, and breaks the connection; what was begun is left there as GitHub leaves it. */
export const cutsAfter =
  (bytes: number): Fault =>
  async (response, request, well) => {
    let received = 0;
    request.on('data', (chunk: Buffer) => {
      received += chunk.length;
      if (received >= bytes) request.destroy(new Error('cut'));
    });
    await well().catch(() => undefined);
    response.destroy();
  };

/** Someone else does something first. */
export const after =
  (change: () => void): Fault =>
  async (response, request, well) => {
    change();
    send(await well(), request, response, new URL(request.url ?? '', 'http://127.0.0.1'));
  };
