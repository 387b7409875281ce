import { once } from 'node:events';
import { createServer, get, type IncomingMessage } from 'node:http';
import { connect, createServer as createTcpServer } from 'node:net';
import { buffer, text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { openSlowLink } from './slow-link.ts';

test('a link lets no more pass than it is held to, all connections together, and every byte', async () => {
  const content = Buffer.alloc(500_000, 'x');
  const server = createServer((_, response) => response.end(content)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const link = await openSlowLink(`127.0.0.1:${port}`, 1_000_000);
  try {
    const fetchOnce = async () => {
      const [response] = (await once(get(`http://${link.name}/`), 'response')) as [IncomingMessage];
      return buffer(response);
    };
    const begun = performance.now();
    const bodies = await Promise.all([fetchOnce(), fetchOnce()]);
    // It may take longer on a busy machine, never less than the rate gives.
    expect(performance.now() - begun).toBeGreaterThan(950);
    expect(bodies.every((body) => body.equals(content))).toBe(true);
  } finally {
    await link.close();
    server.close();
  }
});

test('what a server says before it closes the connection comes through', async () => {
  const words = 'x'.repeat(100_000);
  const server = createTcpServer((socket) => socket.once('data', () => socket.end(words))).listen(
    0,
    '127.0.0.1',
  );
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const link = await openSlowLink(`127.0.0.1:${port}`, 1_000_000);
  try {
    const [host, at] = link.name.split(':');
    const client = connect(Number(at), host);
    client.write('hello');
    expect(await text(client)).toBe(words);
  } finally {
    await link.close();
    server.close();
  }
});
