import type { OnArchiveEvent } from './events.ts';
import type { Http } from './http.ts';
import type { ArchiveKey } from './keys.ts';
import type { PackageIndex } from './packages.ts';
import type { ExpectedRelease, Release } from './release.ts';

export interface SuiteContext {
  readonly keys: readonly ArchiveKey[];
  readonly now: Date;
  readonly acceptExpired: boolean;
  readonly cache: string;
  readonly http: Http;
  readonly onEvent?: OnArchiveEvent | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A suite of a mirror, its Release verified. */
export interface Suite {
  readonly mirror: URL;
  readonly release: Release;
  readonly context: SuiteContext;
}

export async function openSuite(
  _mirror: URL,
  _expected: ExpectedRelease,
  _context: SuiteContext,
): Promise<Suite> {
  throw new Error('not yet');
}

/** The newest versions of the packages named; one that the index lacks is not an error until asked for. */
export async function fetchPackageIndex(
  _suite: Suite,
  _architecture: string,
  _packages: readonly string[],
  _component = 'main',
): Promise<PackageIndex> {
  throw new Error('not yet');
}
