import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

/** A request to a server that is not a registry. */
interface Arrival {
  readonly method: string;
  readonly path: string;
  readonly authorization: string | undefined;
  readonly body: string;
}

/** A server on loopback that answers as a test says, and ends with it. */
export interface OtherHost {
  /** `127.0.0.1:<port>` */
  readonly name: string;
  readonly origin: string;
  readonly arrivals: readonly Arrival[];
}

/** Starts one that speaks HTTP; with `tls`, a key and certificate in PEM, HTTPS. */
export async function startOtherHost(
  answer: RequestListener,
  tls?: { readonly key: string; readonly cert: string },
): Promise<OtherHost> {
  const arrivals: Arrival[] = [];
  const listener: RequestListener = async (request, response) => {
    const { method = '', url: path = '', headers } = request;
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    arrivals.push({ method, path, authorization: headers.authorization, body: `${Buffer.concat(chunks)}` });
    answer(request, response);
  };
  const server = tls ? createTlsServer(tls, listener) : createServer(listener);
  const name = await listen(server);
  onTestFinished(() => void server.closeAllConnections());
  return { name, origin: `${tls ? 'https' : 'http'}://${name}`, arrivals };
}

/** Starts one that does with each connection as a test says, in any protocol. */
export async function startTcp(onConnection: (socket: Socket) => void): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createTcpServer((socket) => {
    sockets.add(socket.on('error', () => undefined));
    onConnection(socket);
  });
  onTestFinished(() => sockets.forEach((socket) => void socket.destroy()));
  return listen(server as Server);
}

async function listen(server: Pick<Server, 'listen' | 'close' | 'address' | 'once'>): Promise<string> {
  server.listen(0, '127.0.0.1');
  await once(server as Server, 'listening');
  onTestFinished(() => void server.close());
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}
