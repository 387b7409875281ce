import { CredentialsError } from '../errors.ts';
import { Secret } from '../secret.ts';
import type { Credentials } from './credentials.ts';

/** The parts of Docker's config.json and Podman's auth.json that hold credentials. Both have one format. */
interface AuthFile {
  readonly path: string;
  /** By normalised key: a registry, or a registry and the beginning of a path. */
  readonly auths: ReadonlyMap<string, unknown>;
  /** Names of helpers by registry. */
  readonly credHelpers: ReadonlyMap<string, string>;
  readonly credsStore: string | undefined;
}

/** A helper program to ask, or the credentials themselves. */
type Lead = { readonly helper: string } | { readonly credentials: Credentials };

/**
 * Docker: https://docs.docker.com/reference/cli/docker/#docker-cli-configuration-file-configjson-properties
 * Podman: https://github.com/containers/image/blob/v5.32.0/docs/containers-auth.json.5.md
 *
 * @throws CredentialsError CREDENTIALS_UNREADABLE. The parser's own message quotes the text, so it is dropped.
 */
export function parseAuthFile(text: string, path: string): AuthFile {
  const root = objectOf(parseJson(text, path), path, 'the file');
  return {
    path,
    auths: new Map(entries(root, 'auths', path).map(([key, entry]) => [normaliseKey(key), entry])),
    credHelpers: new Map(
      entries(root, 'credHelpers', path).map(([key, name]) => [normaliseKey(key), stringOf(name, path, key)]),
    ),
    credsStore: root.credsStore ? stringOf(root.credsStore, path, 'credsStore') : undefined,
  };
}

/**
 * Where a repository's credentials may be, in order: the registry's own helper, the file's general
 * helper, then the entry with the longest key that begins the repository's name (`ghcr.io/owner/name`,
 * `ghcr.io/owner`, `ghcr.io`).
 */
export function leads(file: AuthFile, registry: string, repository: string): Lead[] {
  const helpers = [file.credHelpers.get(registry) ?? file.credsStore].filter((name) => name !== undefined);
  const path = `${registry}/${repository}`.split('/');
  const keys = path.map((_, cut) => path.slice(0, path.length - cut).join('/'));
  const key = keys.find((candidate) => file.auths.has(candidate));
  const credentials = key === undefined ? undefined : readEntry(file.auths.get(key), file.path, key);
  return [...helpers.map((helper) => ({ helper })), ...(credentials ? [{ credentials }] : [])];
}

// Old Docker wrote addresses (`https://index.docker.io/v1/`); those stand for their host alone.
function normaliseKey(key: string): string {
  const bare = /^https?:\/\//.test(key) ? key.replace(/^https?:\/\//, '').replace(/\/.*$/, '') : key;
  return bare
    .replace(/\/(?:v[12]\/?)?$/, '')
    .replace(/^(?:index|registry-1)\.docker\.io(?=\/|$)/, 'docker.io');
}

/** An entry's credentials; none for an empty one, as Docker leaves behind for a helper. */
function readEntry(value: unknown, path: string, key: string): Credentials | undefined {
  const entry = objectOf(value, path, key);
  const text = (name: string) => (entry[name] ? stringOf(entry[name], path, key) : undefined);
  const registryToken = text('registrytoken');
  // It goes into a header as it is.
  if (registryToken !== undefined && !/^[\x21-\x7e]+$/.test(registryToken))
    throw unreadable(path, `"registrytoken" of ${key} is not a token`);
  if (registryToken !== undefined) return { kind: 'registry-token', token: new Secret(registryToken) };
  const identityToken = text('identitytoken');
  if (identityToken !== undefined) return { kind: 'identity', token: new Secret(identityToken) };
  const auth = text('auth');
  if (auth !== undefined) return decodeAuth(auth, path, key);
  const [username, password] = [text('username'), text('password')];
  if (username === undefined || password === undefined) return undefined;
  return { kind: 'basic', username, password: new Secret(password) };
}

function decodeAuth(auth: string, path: string, key: string): Credentials {
  const decoded = Buffer.from(auth, 'base64').toString();
  const colon = decoded.indexOf(':');
  if (!/^[A-Za-z0-9+/]+=*$/.test(auth) || colon < 1) {
    throw unreadable(path, `"auth" of ${key} is not base64 of username:password`);
  }
  // Docker pads old entries with NULs.
  const password = decoded.slice(colon + 1).replace(/\0+$/, '');
  return { kind: 'basic', username: decoded.slice(0, colon), password: new Secret(password) };
}

function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw unreadable(path, 'it is not JSON');
  }
}

function entries(root: Record<string, unknown>, name: string, path: string): [string, unknown][] {
  return root[name] ? Object.entries(objectOf(root[name], path, name)) : [];
}

function objectOf(value: unknown, path: string, what: string): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as Record<string, unknown>;
  throw unreadable(path, `${what} is not an object`);
}

function stringOf(value: unknown, path: string, what: string): string {
  if (typeof value === 'string') return value;
  throw unreadable(path, `${what} is not text`);
}

function unreadable(path: string, why: string): CredentialsError {
  return new CredentialsError('CREDENTIALS_UNREADABLE', `${path}: ${why}`);
}
