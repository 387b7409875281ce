import { memoKey, recall, remember } from '@qemu-user-static/files';
import { type GitHub, GitHubError, hasNext, hasStatus } from '@qemu-user-static/github';

const QEMU = { owner: 'qemu', repo: 'qemu' } as const;

interface Page {
  readonly etag: string;
  readonly tags: readonly string[];
  readonly isLast: boolean;
}

/** QEMU has some 600 tags; with a hundred a page, this many pages are far more. */
const MAX_PAGES = 100;

/** The tags of QEMU's repository. */
export interface UpstreamTags {
  readonly tags: readonly string[];
  /** Those that are new since the last run; none in the first run. */
  readonly fresh: readonly string[];
  /** Called once they are reported: a run that fails before reports them again. */
  remember(): Promise<void>;
}

/**
 * Asks for QEMU's tags, page by page, each on condition that it changed: an answer "not modified" is small and does not
 * count against GitHub's limit. The answers are kept in the cache.
 * https://docs.github.com/rest/repos/repos#list-repository-tags
 *
 * @throws GitHubError
 */
export async function upstreamTags({ api }: GitHub, cache: string): Promise<UpstreamTags> {
  const memory = { folder: cache };
  const key = memoKey([api.request.endpoint.DEFAULTS.baseUrl, QEMU]);
  const kept = await recall<readonly Page[]>(memory, 'upstream-tags', key);
  const pages: Page[] = [];
  do {
    const last = kept?.[pages.length];
    const condition = last === undefined || last.etag === '' ? {} : { 'if-none-match': last.etag };
    const parameters = { ...QEMU, per_page: 100, page: pages.length + 1, headers: condition };
    const answer = await api.rest.repos.listTags(parameters).catch((error: unknown) => {
      if (last === undefined || !hasStatus(error, 304)) throw error;
      return null;
    });
    pages.push(answer === null ? (last as Page) : pageOf(answer.data, answer.headers));
  } while (pages.at(-1)?.isLast === false && pages.length < MAX_PAGES);
  if (pages.at(-1)?.isLast === false) {
    const words = `qemu/qemu has more than ${MAX_PAGES} pages of tags`;
    throw new GitHubError('GITHUB_ANSWER_UNBOUNDED', words, 400, undefined);
  }
  const before = new Set(kept?.flatMap(({ tags }) => tags));
  const tags = pages.flatMap((page) => page.tags);
  return {
    tags,
    fresh: kept === null ? [] : tags.filter((tag) => !before.has(tag)),
    remember: () => remember(memory, 'upstream-tags', key, pages),
  };
}

function pageOf(
  data: readonly { name: string }[],
  { etag = '', link = '' }: { etag?: string; link?: string },
): Page {
  return { etag, tags: data.map(({ name }) => name), isLast: !hasNext({ link }) };
}
