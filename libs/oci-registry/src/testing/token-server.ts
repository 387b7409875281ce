import { randomUUID, sign, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { basicOf, readTokenRequest, type TokenRequest } from './tokens.ts';

export interface TokenServer {
  readonly realm: string;
  readonly service: string;
  readonly issuer: string;
  readonly requests: readonly TokenRequest[];
  close(): void;
}

export interface TokenServerSettings {
  /** An elliptic-curve key and its certificate, files in PEM, which sign the tokens and serve them with TLS. */
  readonly key: string;
  readonly cert: string;
  readonly username: string;
  readonly password: string;
  /** How long a token is really good for, which the answer does not say. docker-registry adds a minute. Default 300. */
  readonly seconds?: number;
}

/** A token server whose tokens docker-registry accepts: https://distribution.github.io/distribution/spec/auth/jwt/ */
export async function startTokenServer(settings: TokenServerSettings): Promise<TokenServer> {
  const [service, issuer] = ['docker-registry for tests', 'token server for tests'];
  const requests: TokenRequest[] = [];
  const tls = { key: readFileSync(settings.key), cert: readFileSync(settings.cert) };
  const server = createServer(tls, (request, response) => {
    const { method = '', url = '', headers } = request;
    const asked = readTokenRequest(
      method,
      new URL(url, 'http://here').searchParams,
      '',
      headers.authorization,
    );
    requests.push(asked);
    if (asked.authorization !== basicOf(settings.username, settings.password))
      return response.writeHead(401).end();
    const now = Math.floor(Date.now() / 1000);
    const token = signToken(settings, {
      iss: issuer,
      sub: settings.username,
      aud: asked.service,
      exp: now + (settings.seconds ?? 300),
      nbf: now - 600,
      iat: now,
      jti: randomUUID(),
      access: asked.scopes.map((scope) => {
        const [type, name, actions = ''] = scope.split(':');
        return { type, name, actions: actions.split(',') };
      }),
    });
    return response
      .writeHead(200, { 'content-type': 'application/json' })
      .end(JSON.stringify({ token, expires_in: 300 }));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const realm = `https://127.0.0.1:${(server.address() as AddressInfo).port}/token`;
  return { realm, service, issuer, requests, close: () => void server.close() };
}

function signToken({ key, cert }: TokenServerSettings, claims: object): string {
  const x5c = [new X509Certificate(readFileSync(cert)).raw.toString('base64')];
  const text = [{ typ: 'JWT', alg: 'ES256', x5c }, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.');
  const signature = sign('sha256', Buffer.from(text), {
    key: readFileSync(key, 'utf8'),
    dsaEncoding: 'ieee-p1363',
  });
  return `${text}.${signature.toString('base64url')}`;
}
