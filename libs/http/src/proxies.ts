import { ProxyError } from './errors.ts';

/** Options of undici's `EnvHttpProxyAgent`. An empty text means no proxy, and keeps undici from reading the environment. */
export interface ProxySettings {
  readonly httpProxy: string;
  readonly httpsProxy: string;
  /** Hosts that are reached without a proxy, separated by commas or spaces; undici matches them. */
  readonly noProxy: string;
}

const SCHEMES = new Set(['http:', 'https:', 'socks5:', 'socks:']);

/**
 * Reads `http_proxy`, `https_proxy` and `no_proxy`, or the same in upper case. The lower-case name wins, even
 * if its value is empty: that switches the proxy off. As in curl, a value without a scheme is an HTTP proxy, and
 * a percent sign that encodes nothing stands for itself. As in undici, `http_proxy` also serves
 * `https:` addresses when `https_proxy` is not set.
 *
 * @throws ProxyError PROXY_INVALID, with the name of the variable and its value without user and password.
 */
export function readProxies(environment: Readonly<Record<string, string | undefined>>): ProxySettings {
  const find = (name: string) => [name, name.toUpperCase()].find((each) => environment[each] !== undefined);
  const proxy = (name: string) => {
    const variable = find(name);
    return variable === undefined ? '' : proxyAddress(variable, environment[variable]?.trim() ?? '');
  };
  return {
    httpProxy: proxy('http_proxy'),
    httpsProxy: proxy('https_proxy'),
    noProxy: environment[find('no_proxy') ?? ''] ?? '',
  };
}

function proxyAddress(variable: string, value: string): string {
  if (value === '') return '';
  const withScheme = /^[a-z][a-z0-9+.-]*:\/\//i.test(value) ? value : `http://${value}`;
  const url = URL.parse(withScheme.replace(/%(?![0-9a-f]{2})/gi, '%25'));
  if (url === null || !SCHEMES.has(url.protocol) || url.hostname === '' || !isDecodable(url)) {
    throw new ProxyError(`${variable}: "${withoutUser(value)}" is not the address of a proxy`);
  }
  return url.href;
}

/** undici decodes user and password itself, and throws a URIError for bytes that are not UTF-8. */
function isDecodable({ username, password }: URL): boolean {
  try {
    decodeURIComponent(username + password);
    return true;
  } catch {
    return false;
  }
}

/** For a terminal: no user, no password, no control characters. */
function withoutUser(value: string): string {
  return value
    .replace(/^([a-z][a-z0-9+.-]*:\/\/)?.*@/is, '$1***@')
    .replace(/[\p{Cc}\p{Cf}]/gu, '?')
    .slice(0, 200);
}
