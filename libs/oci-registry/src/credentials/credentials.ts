import type { Scrubber, Secret } from '../secret.ts';

/**
 * The proof of identity for a registry.
 *
 * - `basic`: sent to the registry, or to its token server for a token.
 * - `identity`: an OAuth2 refresh token, which the token server changes into tokens.
 * - `registry-token`: sent to the registry as it is.
 */
export type Credentials =
  | { readonly kind: 'anonymous' }
  | { readonly kind: 'basic'; readonly username: string; readonly password: Secret }
  | { readonly kind: 'identity'; readonly token: Secret }
  | { readonly kind: 'registry-token'; readonly token: Secret };

/** Finds the credentials for a repository of a registry, as `parseReference` names them. */
export type CredentialSource = (registry: string, repository: string) => Promise<Credentials>;

export const anonymous: CredentialSource = async () => ({ kind: 'anonymous' });

/** The header of Basic authentication (RFC 7617, section 2). */
export function basicHeader(who: Credentials & { readonly kind: 'basic' }): string {
  return `Basic ${Buffer.from(`${who.username}:${who.password.reveal()}`).toString('base64')}`;
}

/** Makes the scrubber know every form in which these credentials are sent. */
export function learnCredentials(who: Credentials, scrubber: Scrubber): void {
  if (who.kind === 'basic') {
    scrubber.learn(who.password.reveal());
    scrubber.learn(basicHeader(who).slice('Basic '.length));
  } else if (who.kind !== 'anonymous') {
    scrubber.learn(who.token.reveal());
  }
}
