import { CredentialsError } from '../errors.ts';
import { Secret } from '../secret.ts';
import type { Credentials } from './credentials.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** A host as part of a variable's name: `ghcr.io` is `GHCR_IO`, `localhost:5000` is `LOCALHOST_5000`. */
export function variableSuffix(registry: string): string {
  return registry
    .toUpperCase()
    .replace(/[^A-Z0-9]+/g, '_')
    .replace(/^_|_$/g, '');
}

/**
 * Credentials from the variables of a CI job, most special first:
 *
 * 1. `REGISTRY_USERNAME_<HOST>` and `REGISTRY_PASSWORD_<HOST>`, see {@link variableSuffix};
 * 2. `REGISTRY_USERNAME` and `REGISTRY_PASSWORD`, for the host in `REGISTRY_HOST`; without `REGISTRY_HOST`
 *    for the one registry that asks. A second one is an error, so that no password reaches a host it is not for.
 *
 * @throws CredentialsError CREDENTIALS_UNREADABLE for half a pair, CREDENTIALS_AMBIGUOUS for a second registry.
 */
export function createEnvironmentCredentials(environment: Environment) {
  let given: string | undefined;
  return (registry: string): Credentials | undefined => {
    const own = pair(environment, `_${variableSuffix(registry)}`);
    if (own) return own;
    const general = pair(environment, '');
    const only = environment.REGISTRY_HOST;
    if (!general || (only && only !== registry)) return undefined;
    given ??= registry;
    if (!only && given !== registry) {
      throw new CredentialsError(
        'CREDENTIALS_AMBIGUOUS',
        `REGISTRY_USERNAME and REGISTRY_PASSWORD went to ${given} and would now go to ${registry} as well`,
      );
    }
    return general;
  };
}

function pair(environment: Environment, suffix: string): Credentials | undefined {
  const names = [`REGISTRY_USERNAME${suffix}`, `REGISTRY_PASSWORD${suffix}`] as const;
  const [username, password] = names.map((name) => environment[name] || undefined);
  if (username === undefined && password === undefined) return undefined;
  if (username === undefined || password === undefined) {
    const missing = username === undefined ? names[0] : names[1];
    throw new CredentialsError('CREDENTIALS_UNREADABLE', `${missing} is not set, though its other half is`);
  }
  return { kind: 'basic', username, password: new Secret(password) };
}
