import { randomBytes } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { defaultRetryPolicy } from '@qemu-user-static/http';
import { expect, onTestFinished } from 'vitest';
import type { ArchiveEvent } from '../events.ts';
import { type FetchContext, fetchFile } from '../fetch.ts';
import type { PoolPackage } from '../files.ts';
import { openHttp } from '../http.ts';
import { temporaryFolder } from './folder.ts';
import { sha256 as hashOf } from './packages.ts';
import { dropsAfter, type Fault, serve, type TestServer } from './server.ts';

/** A package that a mirror has at this path. */
export const PATH = 'debian/pool/main/q/qemu/qemu-user_1.0+ds-1_amd64.deb';
export const body = randomBytes(300_000);
export const sha256 = hashOf(body);
export const file: PoolPackage = {
  path: PATH.slice('debian/'.length),
  size: body.length,
  sha256,
  package: 'qemu-user',
  version: '1:1.0+ds-1',
  architecture: 'amd64',
};

/** The needs of a test of fetching; all are removed when the test is over. */
export interface FetchSetup {
  readonly mirror: TestServer;
  /** Empty. */
  readonly snapshot: TestServer;
  /** Three attempts. A busy machine does not make it give one up. */
  readonly context: FetchContext;
  /** The same with half a second for each answer, for servers that fall silent. */
  impatient(): FetchContext;
  readonly events: ArchiveEvent[];
  /** Where the cache has the package. */
  readonly cached: string;
  /** How the mirror answers the next requests for the package. */
  faults(...list: Fault[]): void;
  /** As the fault of this name, once the client has read the bytes. */
  dropsAfter(bytes: number): Fault;
  /** The types of the events so far, without progress. */
  happened(): string[];
  partials(): Promise<string[]>;
  /** Fetches the package: it must be right then, and nothing else must be left. */
  expectFetched(by?: FetchContext): Promise<void>;
}

export async function prepareFetch(): Promise<FetchSetup> {
  const mirror = await serve([[PATH, body]]);
  const snapshot = await serve();
  const http = openHttp({});
  onTestFinished(async () => {
    await Promise.all([mirror.close(), snapshot.close(), http.close()]);
  });
  const events: ArchiveEvent[] = [];
  const context = {
    mirror: new URL('debian', mirror.url),
    snapshot: snapshot.url,
    cache: await temporaryFolder(),
    http,
    onEvent: (event: ArchiveEvent) => events.push(event),
    retry: { ...defaultRetryPolicy, attempts: 3, firstDelayMs: 10, maxRetryAfterMs: 1500 },
  };
  const cached = join(context.cache, 'sha256', sha256);
  const partials = () => readdir(join(context.cache, 'partial'));
  return {
    mirror,
    snapshot,
    context,
    impatient() {
      const soon = openHttp({}, { connect: 500, headers: 500, body: 500 });
      onTestFinished(() => soon.close());
      return { ...context, http: soon };
    },
    events,
    cached,
    faults: (...list) => mirror.faults.set(PATH, list),
    dropsAfter: (bytes) => (answer, whole, request) => {
      const before = events.length;
      const isRead = (upTo: number) =>
        events.slice(before).some((event) => event.type === 'fetch-progress' && event.received >= upTo);
      dropsAfter(bytes, isRead)(answer, whole, request);
    },
    happened: () => events.map(({ type }) => type).filter((type) => type !== 'fetch-progress'),
    partials,
    async expectFetched(by = context) {
      expect(await fetchFile(file, by)).toBe(cached);
      expect(body.equals(await readFile(cached))).toBe(true);
      expect(await partials()).toEqual([]);
    },
  };
}

/** The code of the error that work ends in. */
export const refusal = (work: Promise<unknown>) =>
  work.then(
    () => 'accepted',
    (error) => error.code ?? error,
  );
