import { isLoopback } from '@qemu-user-static/http';
import { GitHubSettingError } from './errors.ts';

// Options and variables about GitHub, which are checked before any request or build.

/** A repository on GitHub. */
export type RepositoryName = { readonly owner: string; readonly repo: string };

/** @throws GitHubSettingError GITHUB_SETTING_INVALID */
export function parseRepository(name: string): RepositoryName {
  if (!/^[\w-]+\/[\w.-]+$/.test(name))
    throw new GitHubSettingError(`a repository on GitHub is OWNER/REPO, not "${name}"`);
  const [owner = '', repo = ''] = name.split('/');
  return { owner, repo };
}

/**
 * A token, without the newline that a file with it ends in. A token that fits no header is refused here: there, it
 * would end in an error that quotes the header.
 * @throws GitHubSettingError GITHUB_SETTING_INVALID
 */
export function parseToken(text: string | undefined): string | undefined {
  const token = text?.trim();
  if (!token) return undefined;
  if (!/^[\x21-\x7e]+$/.test(token))
    throw new GitHubSettingError('GITHUB_TOKEN, or GH_TOKEN, has a character that is in no token');
  return token;
}

/** Of a name with its port. RFC 1035, section 2.3.4, allows names of 255 bytes. */
const LONGEST_HOST = 261;

/**
 * Address of the REST API. The token goes there, so another machine is only spoken to with TLS. A refusal does not quote
 * what may be a password.
 * @throws GitHubSettingError GITHUB_SETTING_INVALID
 */
export function parseApiAddress(text: string): string {
  const url = URL.parse(text);
  if (url === null || !['http:', 'https:'].includes(url.protocol))
    throw new GitHubSettingError('GITHUB_API_URL is not an address with https');
  const { origin, host, pathname } = url;
  // As the URL parser writes such a name, it does not always read it again.
  if (host.length > LONGEST_HOST)
    throw new GitHubSettingError(`GITHUB_API_URL has a host of ${host.length} characters`);
  if (url.href !== `${origin}${pathname}`)
    throw new GitHubSettingError(`GITHUB_API_URL has more than a host and a path: ${origin}${pathname}`);
  if (url.protocol === 'http:' && !isLoopback(host))
    throw new GitHubSettingError(`GITHUB_API_URL would send the token to ${host} without TLS`);
  return url.href.replace(/\/+$/, '');
}
