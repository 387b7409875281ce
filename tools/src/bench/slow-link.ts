import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';

export interface SlowLink {
  /** `127.0.0.1:<port>` */
  readonly name: string;
  close(): Promise<void>;
}

/** What a link lets pass at once, in seconds of its rate: short, for the rate to hold over any moment that counts. */
const BURST = 0.01;

/**
 * A way to a server on this machine that lets pass no more than so many bytes a second, all connections together, in
 * each direction.
 */
export async function openSlowLink(target: string, bytesPerSecond: number): Promise<SlowLink> {
  const [host, port] = target.split(':');
  const down = limiter(bytesPerSecond);
  const up = limiter(bytesPerSecond);
  const open = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(Number(port), host);
    for (const socket of [client, upstream]) {
      open.add(socket);
      socket.once('close', () => open.delete(socket));
    }
    // A connection that breaks off is the client's or the server's own affair, and each sees it.
    pipeline(client, held(up), upstream).catch(() => undefined);
    pipeline(upstream, held(down), client).catch(() => undefined);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address() as { port: number };
  return {
    name: `127.0.0.1:${address.port}`,
    close: async () => {
      server.close();
      for (const socket of open) socket.destroy();
      await once(server, 'close');
    },
  };
}

/** When the link is free again for so many bytes: each takes its turn behind all before it. */
function limiter(bytesPerSecond: number): (bytes: number) => Promise<void> {
  let free = 0;
  return async (bytes) => {
    const now = performance.now() / 1000;
    free = Math.max(free, now - BURST) + bytes / bytesPerSecond;
    if (free > now) await sleep((free - now) * 1000);
  };
}

function held(pass: (bytes: number) => Promise<void>): Transform {
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      pass(chunk.length).then(() => done(null, chunk), done);
    },
  });
}
