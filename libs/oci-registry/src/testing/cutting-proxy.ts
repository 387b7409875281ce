import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** Passes bytes on to a server, until a connection has carried as many as it may: then it drops it. */
export interface CuttingProxy {
  readonly name: string;
  /** The next connections, each cut after so many bytes to, or from, the server. */
  cut(...limits: { readonly direction: 'to' | 'from'; readonly after: number }[]): void;
  /** How many have been cut. */
  readonly cuts: number;
  close(): void;
}

export async function startCuttingProxy(target: string): Promise<CuttingProxy> {
  const port = Number(target.split(':').at(-1));
  const waiting: { direction: 'to' | 'from'; after: number }[] = [];
  const sockets = new Set<Socket>();
  let cuts = 0;
  const server = createServer((near) => {
    const far = connect(port, '127.0.0.1');
    const both = [near, far];
    const counts = { to: 0, from: 0 };
    const drop = () => both.forEach((socket) => void socket.destroy());
    const pass = (direction: 'to' | 'from', from: Socket, to: Socket) => {
      from.on('data', (chunk: Buffer) => {
        counts[direction] += chunk.byteLength;
        const limit = waiting[0];
        if (limit?.direction === direction && counts[direction] >= limit.after) {
          waiting.shift();
          cuts++;
          // Bytes before the cut arrive.
          to.write(
            chunk.subarray(0, Math.max(0, chunk.byteLength - (counts[direction] - limit.after))),
            drop,
          );
        } else if (!to.write(chunk)) {
          from.pause();
          to.once('drain', () => from.resume());
        }
      });
    };
    pass('to', near, far);
    pass('from', far, near);
    for (const socket of both) {
      sockets.add(socket);
      socket.on('error', drop).on('close', drop);
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    name: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    cut: (...limits) => void waiting.push(...limits),
    get cuts() {
      return cuts;
    },
    close: () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}
