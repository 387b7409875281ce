import { RegistryError } from './errors.ts';
import { shownAddress } from './secret.ts';
import { resolveAddress, type Transport } from './transport.ts';

/**
 * Decides which token servers may be asked in the name of one registry. A realm is whatever an answer says, and
 * the password goes there, so: the registry's own origin may be asked; elsewhere one server, the first that
 * the registry names, and only with TLS.
 * https://distribution.github.io/distribution/spec/auth/token/#how-to-authenticate
 *
 * @returns the realm's address; throws RegistryError REGISTRY_TOKEN_SERVER_REFUSED, REGISTRY_PROTOCOL_BROKEN
 */
export function createTokenServers(transport: Transport): (realm: string) => Promise<URL> {
  let foreign: string | undefined;
  return async (realm) => {
    const registry = new URL(await transport.origin());
    const asked = { method: 'GET', url: registry };
    const url = resolveAddress(realm, asked);
    if (url.origin === registry.origin) return url;
    const refuse = (why: string) =>
      new RegistryError('REGISTRY_TOKEN_SERVER_REFUSED', `names the token server ${url.origin}, ${why}`, {
        method: 'GET',
        address: shownAddress(registry),
      });
    if (url.protocol !== 'https:') throw refuse('which does not use TLS');
    foreign ??= url.origin;
    if (foreign !== url.origin) throw refuse(`after it named ${foreign}`);
    return url;
  };
}
