import { randomUUID } from 'node:crypto';

/** How a registry made for tests lets people in. */
export type Lock =
  | { readonly kind: 'open' }
  | { readonly kind: 'basic'; readonly username: string; readonly password: string }
  | {
      readonly kind: 'bearer';
      /** The logins that get tokens. Without any of these, everyone does. */
      readonly username?: string;
      readonly password?: string;
      readonly identityToken?: string;
      /** Default 300. */
      readonly seconds?: number;
      /** The token's field in the answer. Default `token`. */
      readonly field?: 'token' | 'access_token';
    };

/** A request to a token server, in the words of its protocol. */
export interface TokenRequest {
  readonly authorization: string | undefined;
  readonly service: string;
  readonly scopes: readonly string[];
  readonly refreshToken: string | undefined;
}

export function readTokenRequest(
  method: string,
  query: URLSearchParams,
  body: string,
  authorization: string | undefined,
): TokenRequest {
  const form = method === 'POST' ? new URLSearchParams(body) : query;
  return {
    authorization,
    service: form.get('service') ?? '',
    scopes: form
      .getAll('scope')
      .flatMap((scope) => scope.split(' '))
      .filter((scope) => scope !== ''),
    refreshToken: form.get('refresh_token') ?? undefined,
  };
}

export function basicOf(username: string | undefined, password: string | undefined): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}

/** Whether a token server gives this one a token. */
export function mayHaveToken(lock: Lock & { kind: 'bearer' }, request: TokenRequest): boolean {
  if (lock.identityToken !== undefined) return request.refreshToken === lock.identityToken;
  return lock.username === undefined || request.authorization === basicOf(lock.username, lock.password);
}

/** Tokens that are good until they are forgotten, each for its scopes. */
export interface Tokens {
  issue(scopes: readonly string[]): string;
  allows(authorization: string | undefined, scope: string): boolean;
  forget(): void;
}

export function createTokens(): Tokens {
  const issued = new Map<string, readonly string[]>();
  return {
    issue: (scopes) => {
      const token = `token-${randomUUID()}`;
      issued.set(token, scopes);
      return token;
    },
    allows: (authorization, scope) => {
      const scopes = issued.get(authorization?.replace(/^Bearer /, '') ?? '');
      return scopes !== undefined && (scope === '' || scopes.some((given) => covers(given, scope)));
    },
    forget: () => issued.clear(),
  };
}

function covers(given: string, wanted: string): boolean {
  const cut = (scope: string) =>
    [scope.slice(0, scope.lastIndexOf(':')), scope.slice(scope.lastIndexOf(':') + 1).split(',')] as const;
  const [[resource, actions], [wantedResource, wantedActions]] = [cut(given), cut(wanted)];
  return resource === wantedResource && wantedActions.every((action) => actions.includes(action));
}

/** The scope a request to the API needs. */
export function scopeOf(method: string, { pathname }: URL): string {
  const [, repository, kind] =
    /^\/v2\/(.+)\/(blobs\/uploads|blobs|manifests|tags|referrers)\//.exec(pathname) ?? [];
  if (repository === undefined) return '';
  const pulls = (method === 'GET' || method === 'HEAD') && kind !== 'blobs/uploads';
  return `repository:${repository}:${pulls ? 'pull' : 'pull,push'}`;
}
