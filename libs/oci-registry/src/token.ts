import type { Clock } from '@qemu-user-static/http';
import { basicHeader, type Credentials } from './credentials/credentials.ts';
import { brokenProtocol, refusal } from './failures.ts';
import { readText } from './read.ts';
import type { Scrubber } from './secret.ts';
import type { Outgoing, Transport } from './transport.ts';

/** A bearer token, ready to be sent. */
export interface Token {
  readonly header: string;
  /** By our own clock, so that a server whose clock is wrong does no harm. */
  readonly expiresAt: number;
  readonly lifeMs: number;
}

const CLIENT_ID = 'qemu-user-static';
const MAX_ANSWER = 1 << 20;
// "For compatibility with older clients" a token without expires_in lasts so long.
const DEFAULT_SECONDS = 60;

/**
 * Asks a token server for a token with the scopes wanted: by GET, with a password if there is one
 * (https://distribution.github.io/distribution/spec/auth/token/), or with a refresh token by POST
 * (https://distribution.github.io/distribution/spec/auth/oauth/).
 *
 * @throws RegistryError of the token server
 */
export async function fetchToken(
  transport: Transport,
  realm: URL,
  service: string,
  scopes: readonly string[],
  who: Credentials,
  scrubber: Scrubber,
  clock: Clock,
): Promise<Token> {
  const url = new URL(realm);
  const outgoing =
    who.kind === 'identity'
      ? refreshRequest(url, service, scopes, who.token.reveal())
      : tokenRequest(url, service, scopes, who);
  const answer = await transport.exchange({ ...outgoing, stays: true });
  const text = await readText(answer, MAX_ANSWER, outgoing);
  if (answer.status !== 200) {
    throw refusal(outgoing, answer.status, answer.header('retry-after'), text, scrubber, clock.now());
  }
  const { token, lifeMs } = readToken(text, outgoing);
  scrubber.learn(token);
  return { header: `Bearer ${token}`, lifeMs, expiresAt: clock.now() + lifeMs };
}

function tokenRequest(url: URL, service: string, scopes: readonly string[], who: Credentials): Outgoing {
  if (service !== '') url.searchParams.set('service', service);
  for (const scope of scopes) url.searchParams.append('scope', scope);
  return { method: 'GET', url, headers: who.kind === 'basic' ? { authorization: basicHeader(who) } : {} };
}

function refreshRequest(
  url: URL,
  service: string,
  scopes: readonly string[],
  refreshToken: string,
): Outgoing {
  const form = new URLSearchParams({
    grant_type: 'refresh_token',
    service,
    client_id: CLIENT_ID,
    scope: scopes.join(' '),
    refresh_token: refreshToken,
  });
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  return { method: 'POST', url, headers, body: Buffer.from(form.toString()) };
}

function readToken(text: string, asked: Outgoing): { token: string; lifeMs: number } {
  let answer: { token?: unknown; access_token?: unknown; expires_in?: unknown };
  try {
    answer = Object(JSON.parse(text));
  } catch {
    throw brokenProtocol(asked, 'the token server did not answer with JSON', 200);
  }
  const token = answer.token || answer.access_token;
  // A token goes into a header as it is: nothing but what RFC 6750, section 2.1, allows there.
  if (typeof token !== 'string' || !/^[A-Za-z0-9._~+/-]+=*$/.test(token)) {
    throw brokenProtocol(asked, 'the token server answered without a token', 200);
  }
  const seconds = Number(answer.expires_in) > 0 ? Number(answer.expires_in) : DEFAULT_SECONDS;
  return { token, lifeMs: seconds * 1000 };
}
