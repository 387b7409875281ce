import { GitHubError } from './errors.ts';

/** 10,000 things: no list that is read here is as long. */
const MAX_PAGES = 100;

interface Page<T> {
  readonly data: readonly T[];
  readonly headers: { readonly link?: string | undefined };
}

/**
 * All pages of a list. They are asked for by number: the address in `Link` is the server's, and is not followed.
 * https://docs.github.com/rest/using-the-rest-api/using-pagination-in-the-rest-api
 *
 * @param list a method of octokit, such as `api.rest.pulls.list`
 * @throws GitHubError GITHUB_ANSWER_UNBOUNDED
 */
export async function listAll<P extends object, T>(
  list: (parameters: P & { per_page: number; page: number }) => Promise<Page<T>>,
  parameters: P,
): Promise<T[]> {
  const all: T[] = [];
  for (let page = 1; page <= MAX_PAGES; page++) {
    const { data, headers } = await list({ ...parameters, per_page: 100, page });
    all.push(...data);
    if (!hasNext(headers)) return all;
  }
  throw new GitHubError('GITHUB_ANSWER_UNBOUNDED', `a list has more than ${MAX_PAGES} pages`, 400, undefined);
}

/** Whether a page says that another one follows. */
export function hasNext({ link = '' }: Page<unknown>['headers']): boolean {
  return /<[^<>]*>;\s*rel="next"/.test(link);
}
