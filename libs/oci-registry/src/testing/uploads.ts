import { someBytes, sourceOf, start } from './harness.ts';
import type { RegistryServer, RegistryServerSettings } from './registry-server.ts';

export const small = someBytes(1000);
export const large = someBytes(1_000_000);

/** Sizes that make the large blob four chunks, the last one smaller. */
export const inChunks = { monolithicLimit: 64 << 10, chunkSize: 300_000 };

export const startChunked = (settings: RegistryServerSettings = {}) => start(settings, inChunks);

/** The methods of all requests, in their order. */
export const methods = (server: RegistryServer) => server.requests.map(({ method }) => method).join(' ');

/** The Content-Range of each chunk. */
export const ranges = (server: RegistryServer) =>
  server.requests.filter(({ method }) => method === 'PATCH').map(({ headers }) => headers['content-range']);

/** An answer to the question how much has arrived that is not true any more. */
export const stale = (range: string) => ({ kind: 'status', status: 204, headers: { range } }) as const;

export function stored(server: RegistryServer, bytes: Buffer): boolean {
  return server.store.blobs.get(`owner/name@${sourceOf(bytes).digest}`)?.equals(bytes) ?? false;
}
