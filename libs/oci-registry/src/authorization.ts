import type { Clock } from '@qemu-user-static/http';
import { type Challenge, parseChallenges } from './challenge.ts';
import {
  basicHeader,
  type CredentialSource,
  type Credentials,
  learnCredentials,
} from './credentials/credentials.ts';
import type { Scrubber } from './secret.ts';
import { fetchToken, type Token } from './token.ts';
import { createTokenServers } from './token-server.ts';
import type { Transport } from './transport.ts';

/** The rights that a request needs: actions in a repository, and in those it takes something from. */
export interface Access {
  readonly repository: string;
  readonly actions: readonly ('pull' | 'push')[];
  readonly from?: string;
}

/** Knows what to write into Authorization for one registry, and learns it from what the registry refuses. */
export interface Authorizer {
  /** The first header to send: none until the registry has asked for one. */
  before(access: Access): Promise<string | undefined>;
  /** After a 401: what to send instead; `undefined` when there is nothing else to offer. */
  after(
    access: Access,
    challenges: string | undefined,
    refused: string | undefined,
  ): Promise<string | undefined>;
}

// A token is changed a little before it expires, since the request that carries it takes time to arrive.
const LEEWAY_MS = 10_000;

export function createAuthorizer(
  registry: string,
  transport: Transport,
  source: CredentialSource,
  scrubber: Scrubber,
  clock: Clock,
): Authorizer {
  const credentials = new Map<string, Promise<Credentials>>();
  const tokens = new Map<string, Promise<Token>>();
  const tokenServer = createTokenServers(transport);
  let challenge: Challenge | undefined;

  async function find(repository: string): Promise<Credentials> {
    const found = await source(registry, repository);
    learnCredentials(found, scrubber);
    return found;
  }

  function credentialsFor(repository: string): Promise<Credentials> {
    const found = credentials.get(repository) ?? find(repository);
    credentials.set(repository, found);
    return found;
  }

  /** A token for these scopes: the current one unless it is worn out, asked for once however many wait for it. */
  async function token(
    access: Access,
    known: Challenge,
    wornOut: (token: Token) => boolean,
  ): Promise<string> {
    const key = scopesOf(access).join(' ');
    const held = tokens.get(key);
    const current = await held;
    if (current && !wornOut(current)) return current.header;
    // Someone else may have replaced it while this one waited.
    if (tokens.get(key) === held) {
      const scopes = mergeScopes([...scopesOf(access), ...(known.parameters.scope?.split(' ') ?? [])]);
      const ask = async () => {
        const { realm = '', service = '' } = known.parameters;
        const [server, who] = [await tokenServer(realm), await credentialsFor(access.repository)];
        return fetchToken(transport, server, service, scopes, who, scrubber, clock);
      };
      const asked = ask();
      tokens.set(key, asked);
      asked.catch(() => tokens.get(key) === asked && tokens.delete(key));
    }
    return (await (tokens.get(key) as Promise<Token>)).header;
  }

  async function header(access: Access, known: Challenge, wornOut: (token: Token) => boolean) {
    const who = await credentialsFor(access.repository);
    if (who.kind === 'registry-token') return `Bearer ${who.token.reveal()}`;
    if (known.scheme === 'bearer') return token(access, known, wornOut);
    return who.kind === 'basic' ? basicHeader(who) : undefined;
  }

  return {
    before: async (access) => {
      if (!challenge) return undefined;
      const expired = ({ expiresAt, lifeMs }: Token) =>
        clock.now() >= expiresAt - Math.min(LEEWAY_MS, lifeMs / 4);
      // The scope of an earlier challenge was about another request.
      return header(access, { ...challenge, parameters: { ...challenge.parameters, scope: '' } }, expired);
    },
    after: async (access, challenges, refused) => {
      const offered = parseChallenges(challenges ?? '');
      const known =
        offered.find(({ scheme, parameters }) => scheme === 'bearer' && parameters.realm) ??
        offered.find(({ scheme }) => scheme === 'basic');
      if (!known) return undefined;
      challenge = known;
      const instead = await header(access, known, (token) => token.header === refused);
      return instead === refused ? undefined : instead;
    },
  };
}

/** https://distribution.github.io/distribution/spec/auth/scope/ */
function scopesOf({ repository, actions, from }: Access): string[] {
  const own = [`repository:${repository}:${actions.join(',')}`];
  return from === undefined ? own : [...own, `repository:${from}:pull`];
}

/** One scope a resource, with all the actions asked for. */
export function mergeScopes(scopes: readonly string[]): string[] {
  const actions = new Map<string, Set<string>>();
  for (const scope of scopes.filter((text) => text !== '')) {
    const cut = scope.lastIndexOf(':');
    const resource = scope.slice(0, cut);
    actions.set(resource, new Set([...(actions.get(resource) ?? []), ...scope.slice(cut + 1).split(',')]));
  }
  return [...actions].map(([resource, all]) => `${resource}:${[...all].join(',')}`);
}
