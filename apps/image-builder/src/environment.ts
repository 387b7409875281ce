import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { resolve } from 'node:path';
import {
  cacheFolder,
  chooseMirror,
  type FetchContext,
  openHttp,
  readAptSources,
  SNAPSHOT_SERVICE,
  withoutCredentials,
} from '@qemu-user-static/debian-archive';
import { createCredentialSource, openRegistry, type Registry } from '@qemu-user-static/oci-registry';
import { BuilderError } from './errors.ts';
import type { OnEvent } from './events.ts';
import { readSources } from './sources.ts';

/** Where the project's files are. */
export interface Paths {
  readonly sources: string;
  readonly lock: string;
  readonly template: string;
}

/** What a run takes from the machine it is on: the one place that reads environment variables. */
export interface Environment {
  readonly paths: Paths;
  /** The project's repository, for the images' labels. */
  readonly source: string;
  /** SOURCE_DATE_EPOCH in seconds, where it is set. https://reproducible-builds.org/specs/source-date-epoch/ */
  readonly sourceDateEpoch: number | null;
  readonly onEvent: OnEvent;
  template(): Promise<string>;
  /** How to reach the Debian archive. */
  archive(): Promise<FetchContext>;
  /** A client of a registry, with the credentials that this machine has for it. */
  registry(name: string, options: RegistryOptions): Registry;
  /** Gives back connections, so that the process can end. */
  close(): Promise<void>;
}

/** What the command line says about the machine. */
export interface EnvironmentOptions {
  readonly mirror?: string | undefined;
  readonly cache?: string | undefined;
}

/** What the command line says about registries. */
export interface RegistryOptions {
  /** Speak without TLS, wherever the registry is. */
  readonly plainHttp?: true;
  /** A file with a private certificate authority. */
  readonly ca?: string;
  /** At most so many connections to one registry. */
  readonly connections: number;
}

/** The checkout that this file is part of. */
const ROOT = resolve(import.meta.dirname, '../../..');

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
  };
  const http = openHttp(variables);
  const registries: Registry[] = [];
  const userId = process.getuid?.();
  const credentials = createCredentialSource({
    environment: variables,
    home: homedir(),
    ...(userId !== undefined && { userId }),
  });
  return {
    paths,
    source: await repositoryAddress(),
    sourceDateEpoch: parseEpoch(variables.SOURCE_DATE_EPOCH),
    onEvent,
    template: () => readFile(paths.template, 'utf8'),
    async archive() {
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
    async close() {
      await Promise.all([http.close(), ...registries.map((registry) => registry.close())]);
    },
  };
}

/** package.json names the repository; a fork changes it there. */
async function repositoryAddress(): Promise<string> {
  const { repository } = JSON.parse(await readFile(resolve(ROOT, 'package.json'), 'utf8')) as {
    repository: { url: string };
  };
  return repository.url;
}

function parseEpoch(value: string | undefined): number | null {
  if (value === undefined || value === '') return null;
  if (!/^\d{1,11}$/.test(value)) {
    throw new BuilderError('USAGE', `SOURCE_DATE_EPOCH is a number of seconds since 1970, not "${value}"`);
  }
  return Number(value);
}
