import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CredentialsError } from '../errors.ts';
import { leads, parseAuthFile } from './auth-file.ts';
import { askCredentialHelper, type HelperLimits } from './credential-helper.ts';
import type { CredentialSource, Credentials } from './credentials.ts';
import { createEnvironmentCredentials, type Environment } from './environment.ts';

/** The places that the search for credentials may read. */
export interface CredentialSettings {
  readonly environment: Environment;
  /** The user's home folder. */
  readonly home: string;
  /** The numeric user, for Podman's file in /run; omitted on systems without one. */
  readonly userId?: number;
  /** The limits of a credential helper. Default 60 s and 1 MiB. */
  readonly helperLimits?: HelperLimits;
}

/**
 * Finds credentials as the ecosystem keeps them. Explicit settings come before defaults; the first place
 * that knows the repository wins, and no place that exists is skipped because it cannot be read:
 *
 * 1. variables of a CI job, see {@link createEnvironmentCredentials};
 * 2. the file in `REGISTRY_AUTH_FILE`, which must exist;
 * 3. `config.json` in the folder `DOCKER_CONFIG`;
 * 4. Podman's `containers/auth.json`, in `XDG_RUNTIME_DIR` (without it in `/run/containers/<user>`), then
 *    in `~/.config`;
 * 5. `~/.docker/config.json`, unless `DOCKER_CONFIG` is set;
 * 6. anonymous.
 *
 * @throws CredentialsError
 */
export function createCredentialSource(settings: CredentialSettings): CredentialSource {
  const fromEnvironment = createEnvironmentCredentials(settings.environment);
  return async (registry, repository) =>
    fromEnvironment(registry) ??
    (await fromFiles(registry, repository, settings)) ?? {
      kind: 'anonymous',
    };
}

async function fromFiles(
  registry: string,
  repository: string,
  settings: CredentialSettings,
): Promise<Credentials | undefined> {
  const explicit = settings.environment.REGISTRY_AUTH_FILE;
  for (const path of authFiles(settings)) {
    const text = await readIfThere(path);
    if (text === undefined && path === explicit) {
      throw new CredentialsError(
        'CREDENTIALS_UNREADABLE',
        `${path}, named by REGISTRY_AUTH_FILE, does not exist`,
      );
    }
    for (const lead of text === undefined ? [] : leads(parseAuthFile(text, path), registry, repository)) {
      const found =
        'helper' in lead
          ? await askCredentialHelper(lead.helper, registry, settings.environment, settings.helperLimits)
          : lead.credentials;
      if (found) return found;
    }
  }
  return undefined;
}

/** The files to read, in order. */
export function authFiles({ environment, home, userId }: CredentialSettings): string[] {
  const { REGISTRY_AUTH_FILE: explicit, DOCKER_CONFIG: docker, XDG_RUNTIME_DIR: runtime } = environment;
  const podmanRuntime = runtime
    ? join(runtime, 'containers/auth.json')
    : userId !== undefined && `/run/containers/${userId}/auth.json`;
  return [
    explicit,
    docker && join(docker, 'config.json'),
    podmanRuntime,
    join(home, '.config/containers/auth.json'),
    !docker && join(home, '.docker/config.json'),
  ].filter((path): path is string => typeof path === 'string' && path !== '');
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw new CredentialsError('CREDENTIALS_UNREADABLE', `${path} cannot be read: ${code}`);
  }
}
