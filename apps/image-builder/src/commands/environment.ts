import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { resolve } from 'node:path';
import {
  type ArchiveKey,
  cacheFolder,
  chooseMirror,
  type FetchContext,
  loadArchiveKeys,
  openHttp,
  readAptSources,
  SNAPSHOT_SERVICE,
  withoutCredentials,
} from '@qemu-user-static/debian-archive';
import type { GitHub } from '@qemu-user-static/github';
import {
  createCredentialSource,
  openRegistry,
  type Registry,
  systemClock,
} from '@qemu-user-static/oci-registry';
import type { StatementSigner } from '@qemu-user-static/signing';
import type { BuildFacts } from '../attest/provenance.ts';
import type { BuildInputs } from '../build/inputs.ts';
import { BuilderError } from '../report/errors.ts';
import type { OnEvent } from '../report/events.ts';
import { repositoryAddress } from './repository.ts';

/** Where the project's files are. */
export interface Paths {
  readonly sources: string;
  readonly lock: string;
  readonly template: string;
  /** Which guest programs each QEMU version runs. */
  readonly conformance: string;
}

/** Everything a run reads from its machine. The only module that reads environment variables. */
export interface Environment {
  readonly paths: Paths;
  /** The project's repository, for the images' labels. */
  readonly source: string;
  /** SOURCE_DATE_EPOCH in seconds, where it is set. https://reproducible-builds.org/specs/source-date-epoch/ */
  readonly sourceDateEpoch: number | null;
  readonly onEvent: OnEvent;
  template(): Promise<string>;
  /** The time of the run. */
  now(): Date;
  /** Whose signature a Release must have. */
  keys(): Promise<ArchiveKey[]>;
  /** How to reach the Debian archive. */
  archive(): Promise<FetchContext>;
  /** A client of a registry, with the credentials that this machine has for it. */
  registry(name: string, options: RegistryOptions): Registry;
  /**
   * A repository on GitHub: the one named, or that of this workflow run, or the project's own. With `write`, there
   * must be a token.
   * @throws BuilderError USAGE, GITHUB_TOKEN_MISSING
   */
  github(name: string | undefined, access: 'read' | 'write'): Promise<GitHub>;
  /** The signer: the key in a file or in a variable (`env://NAME`), else the workflow that this runs in; null if neither. */
  signer(key: string | undefined): Promise<StatementSigner | null>;
  /** The builder of the images and the commit. @throws BuilderError COMMIT_UNKNOWN */
  builder(): Promise<Pick<BuildFacts, 'commit' | 'builder'>>;
  /** Gives back connections, so that the process can end. */
  close(): Promise<void>;
}

/** Options about the machine. */
export interface EnvironmentOptions {
  readonly mirror?: string | undefined;
  readonly cache?: string | undefined;
}

/** Options about registries. */
export interface RegistryOptions {
  /** Speak without TLS, wherever the registry is. */
  readonly plainHttp?: true;
  /** A file with a private certificate authority. */
  readonly ca?: string;
  /** At most so many connections to one registry. */
  readonly connections: number;
}

/** The checkout that this file is part of. */
const ROOT = resolve(import.meta.dirname, '../../../..');

/** @throws BuilderError USAGE */
export async function openEnvironment(
  variables: NodeJS.ProcessEnv,
  options: EnvironmentOptions,
  onEvent: OnEvent,
): Promise<Environment> {
  const paths: Paths = {
    sources: resolve(ROOT, 'sources.json'),
    lock: resolve(ROOT, 'sources.lock.json'),
    template: resolve(ROOT, 'Dockerfile.template'),
    conformance: resolve(ROOT, 'docs/conformance.json'),
  };
  const http = openHttp(variables);
  const source = await repositoryAddress(resolve(ROOT, 'package.json'));
  const registries: Registry[] = [];
  const gitHubs: GitHub[] = [];
  const userId = process.getuid?.();
  const credentials = createCredentialSource({
    environment: variables,
    home: homedir(),
    ...(userId !== undefined && { userId }),
  });
  return {
    paths,
    source,
    sourceDateEpoch: parseEpoch(variables.SOURCE_DATE_EPOCH),
    onEvent,
    now: () => new Date(),
    keys: loadArchiveKeys,
    template: () => readFile(paths.template, 'utf8'),
    async archive() {
      const { readSources } = await import('@qemu-user-static/lock');
      const { url, from } = chooseMirror({
        option: options.mirror,
        environment: variables,
        sources: (await readSources(paths.sources)).mirror,
        aptConfiguration: await readAptSources(),
      });
      onEvent({ type: 'mirror', url: withoutCredentials(url), from });
      return {
        mirror: url,
        snapshot: SNAPSHOT_SERVICE,
        cache: options.cache ?? cacheFolder(variables),
        http,
        onEvent,
      };
    },
    registry(name, { plainHttp, ca, connections }) {
      const registry = openRegistry(name, {
        credentials,
        connections,
        proxies: variables,
        onEvent: (event) => onEvent({ type: 'registry', registry: name, event }),
        ...(plainHttp && { plainHttp }),
        ...(ca !== undefined && { caFile: ca }),
      });
      registries.push(registry);
      return registry;
    },
    async github(name, access) {
      const { parseApiAddress, parseRepository, parseToken } = await import('@qemu-user-static/github');
      // Where GitHub Actions says these things. https://docs.github.com/actions/reference/variables-reference
      const { GITHUB_TOKEN, GH_TOKEN, GITHUB_API_URL, GITHUB_REPOSITORY } = variables;
      const token = parseToken(GITHUB_TOKEN) ?? parseToken(GH_TOKEN);
      const repository = parseRepository(name ?? (GITHUB_REPOSITORY || new URL(source).pathname.slice(1)));
      if (access === 'write' && token === undefined)
        throw new BuilderError('GITHUB_TOKEN_MISSING', 'neither GITHUB_TOKEN nor GH_TOKEN is set');
      const { openGitHub } = await import('@qemu-user-static/github');
      const opened = openGitHub({
        baseUrl: parseApiAddress(GITHUB_API_URL || 'https://api.github.com'),
        token,
        repository,
        proxies: variables,
        clock: systemClock,
        onEvent,
      });
      gitHubs.push(opened);
      return opened;
    },
    async signer(key) {
      // Signatures are many modules, and most commands need none.
      const { findSigner } = await import('@qemu-user-static/signing');
      return findSigner(key, variables);
    },
    async builder() {
      const { commitOf, builderOf } = await import('./commit.ts');
      return { commit: await commitOf(ROOT), builder: builderOf(variables, source) };
    },
    async close() {
      await Promise.all([http, ...registries, ...gitHubs].map((opened) => opened.close()));
    },
  };
}

/** The inputs of images apart from the lock. */
export async function buildInputs(environment: Environment): Promise<BuildInputs> {
  const { source, sourceDateEpoch, onEvent } = environment;
  const [archive, template] = await Promise.all([environment.archive(), environment.template()]);
  return { archive, template, source, sourceDateEpoch, onEvent };
}

function parseEpoch(value: string | undefined): number | null {
  if (value === undefined || value === '') return null;
  if (!/^\d{1,11}$/.test(value)) {
    throw new BuilderError('USAGE', `SOURCE_DATE_EPOCH is a number of seconds since 1970, not "${value}"`);
  }
  return Number(value);
}
