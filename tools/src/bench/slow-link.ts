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

/**
 * How far a link may be ahead of its rate, or behind it and catch up, in seconds: timers are not finer, and one for each
 * piece would cost most of the rate.
 */
const SLACK = 0.02;

/**
 * A way to a server on this machine that lets pass no more than so many bytes a second, all connections together, in
 * each direction.
 */
export async function openSlowLink(target: string, bytesPerSecond: number): Promise<SlowLink> {
  const [host, port] = target.split(':');
  const down = limiter(bytesPerSecond);
  const up = limiter(bytesPerSecond);
  const open = new Set<Socket>();
  // Each direction ends by itself: what a server said before it closed has yet to come through.
  const server = createServer({ allowHalfOpen: true }, (client) => {
    const upstream = connect({ port: Number(port), host, allowHalfOpen: true });
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

/** Waits until the link is free for so many bytes: each takes its turn behind all before it. */
function limiter(bytesPerSecond: number): (bytes: number) => Promise<void> {
  let free = 0;
  return async (bytes) => {
    const now = performance.now() / 1000;
    free = Math.max(free, now - SLACK) + bytes / bytesPerSecond;
    if (free > now + SLACK) await sleep((free - now) * 1000);
  };
}

function held(pass: (bytes: number) => Promise<void>): Transform {
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      pass(chunk.length).then(() => done(null, chunk), done);
    },
  });
}
