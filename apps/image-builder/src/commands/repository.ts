import { readFile } from 'node:fs/promises';
import gitInfo from 'hosted-git-info';
import { BuilderError } from '../report/errors.ts';

/**
 * The project's repository, which package.json names and a fork changes there, as an address for browsers: without
 * `git+`, `.git` or a user name.
 * https://docs.npmjs.com/cli/v11/configuring-npm/package-json#repository
 * @throws BuilderError REPOSITORY_INVALID
 */
export async function repositoryAddress(packageJson: string): Promise<string> {
  const { repository } = JSON.parse(await readFile(packageJson, 'utf8')) as { repository?: unknown };
  const text =
    typeof repository === 'object' && repository !== null && 'url' in repository
      ? repository.url
      : repository;
  const address = typeof text === 'string' ? browserAddress(text) : null;
  if (address !== null) return address;
  const given = text === undefined ? 'is missing' : `is ${JSON.stringify(text)}`;
  throw new BuilderError('REPOSITORY_INVALID', `"repository" of ${packageJson} ${given}`);
}

/** Null for what is not the address of a repository on a host. */
export function browserAddress(text: string): string | null {
  const known = gitInfo.fromUrl(text)?.browse();
  if (known !== undefined) return known;
  // Another host: the same forms, without npm's short names.
  const url = text.replace(/^git\+/, '').replace(/^(?:ssh:\/\/)?git@([^/:]+)[:/]/, 'https://$1/');
  if (!/^https?:\/\//.test(url) || !URL.canParse(url)) return null;
  const { host, pathname } = new URL(url);
  const path = pathname.replace(/\.git$/, '').replace(/\/+$/, '');
  return /^\/[^/]+\/.+/.test(path) ? `https://${host}${path}` : null;
}
