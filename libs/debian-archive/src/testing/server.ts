import { hash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Answers one request in another way than a good server would; `body` is the file, if there is one. */
export type Fault = (answer: ServerResponse, body: Buffer, request: IncomingMessage) => void;

export interface TestServer {
  readonly url: URL;
  /** By path, decoded and without the leading slash. */
  readonly files: Map<string, Uint8Array>;
  /** Each is used for one request of its path, in order; then the file is served well. */
  readonly faults: Map<string, Fault[]>;
  /** The request, such as `GET pool/a.deb bytes=5-`. */
  readonly requests: string[];
  readonly seen: IncomingMessage[];
  close(): Promise<void>;
}

/**
 * An HTTP server on loopback that serves files from memory, with ranges and conditional requests, as an archive's
 * mirror does.
 */
export async function serve(files: Iterable<[string, Uint8Array | string]> = []): Promise<TestServer> {
  const held = new Map([...files].map(([path, body]) => [path, Buffer.from(body)]));
  const faults = new Map<string, Fault[]>();
  const requests: string[] = [];
  const seen: IncomingMessage[] = [];
  const server = createServer((request, answer) => {
    const path = decodeURIComponent(request.url ?? '').slice(1);
    requests.push([request.method, path, request.headers.range].filter(Boolean).join(' '));
    seen.push(request);
    const body = held.get(path);
    const fault = faults.get(path)?.shift();
    if (fault) fault(answer, body ?? Buffer.alloc(0), request);
    else if (body) serveWell(answer, body, request);
    else answer.writeHead(404).end('Not Found');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return { url: new URL(`http://127.0.0.1:${port}/`), files: held, faults, requests, seen, close };
}

export const serveWell: Fault = (answer, body, { headers }) => {
  const start = Number(/^bytes=(\d+)-$/.exec(headers.range ?? '')?.[1] ?? 0);
  const etag = `"${hash('sha256', body)}"`;
  if (headers['if-none-match'] === etag) {
    answer.writeHead(304, { etag }).end();
  } else if (headers.range === undefined) {
    answer.writeHead(200, { 'content-length': body.length, etag }).end(body);
  } else if (start >= body.length) {
    answer.writeHead(416, { 'content-range': `bytes */${body.length}` }).end();
  } else {
    const range = `bytes ${start}-${body.length - 1}/${body.length}`;
    answer.writeHead(206, { 'content-range': range, 'content-length': body.length - start });
    answer.end(body.subarray(start));
  }
};

export const answers =
  (status: number, headers: Record<string, string> = {}): Fault =>
  (answer) =>
    answer.writeHead(status, headers).end(`status ${status}`);

/**
 * Sends so many bytes of what was asked for, as if more would come, and breaks the connection once `isRead` says that
 * the client has read the file up to there: undici drops what it has not handed on when a connection breaks.
 */
export const dropsAfter =
  (bytes: number, isRead: (upTo: number) => boolean = () => true): Fault =>
  (answer, body, { headers }) => {
    const start = Number(/^bytes=(\d+)-$/.exec(headers.range ?? '')?.[1] ?? 0);
    const length = { 'content-length': body.length - start };
    if (start === 0) answer.writeHead(200, length);
    else
      answer.writeHead(206, {
        ...length,
        'content-range': `bytes ${start}-${body.length - 1}/${body.length}`,
      });
    const end = Math.min(start + bytes, body.length);
    answer.write(body.subarray(start, end));
    const timer = setInterval(() => isRead(end) && answer.destroy(), 20);
    answer.on('close', () => clearInterval(timer));
  };

/** Sends another body, whole and with its own length. */
export const sendsInstead =
  (other: Uint8Array): Fault =>
  (answer) =>
    answer.writeHead(200, { 'content-length': other.length }).end(other);

/** Ends early without having said how long the body is. */
export const endsAfter =
  (bytes: number): Fault =>
  (answer, body) => {
    answer.writeHead(200, { 'transfer-encoding': 'chunked' });
    answer.end(body.subarray(0, bytes));
  };

export const ignoresRange: Fault = (answer, body) => sendsInstead(body)(answer, body, {} as IncomingMessage);

/** Never answers. */
export const hangs: Fault = () => {};

/** Begins to answer, and stops. */
export const stallsAfter =
  (bytes: number): Fault =>
  (answer, body) => {
    answer.writeHead(200, { 'content-length': body.length });
    answer.write(body.subarray(0, bytes));
  };

/** Sends a byte every few milliseconds, for as long as the client listens. */
export const drips: Fault = (answer, body) => {
  answer.writeHead(200, { 'content-length': body.length });
  let at = 0;
  const timer = setInterval(() => answer.write(body.subarray(at, ++at)), 10);
  answer.on('close', () => clearInterval(timer));
};
