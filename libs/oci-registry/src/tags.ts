import { brokenProtocol } from './failures.ts';
import type { Call, Http } from './http.ts';
import { nextPage } from './link.ts';
import { readObject } from './read.ts';
import type { Incoming } from './transport.ts';

const MAX_PAGE = 16 << 20;
const MAX_PAGES = 10_000;

/**
 * All pages of a list, each read by `read`, which takes its answer's JSON. Ends where no Link leads on.
 *
 * @throws RegistryError REGISTRY_PROTOCOL_BROKEN when the pages go in a circle.
 */
export async function readPages<T>(
  http: Http,
  first: Call,
  read: (page: Record<string, unknown>, answer: Incoming, call: Call) => readonly T[],
): Promise<T[] | undefined> {
  const all: T[] = [];
  const seen = new Set<string>();
  for (let next: URL | undefined = first.url; next; ) {
    const call: Call = { ...first, url: next };
    if (seen.has(next.href) || seen.size >= MAX_PAGES)
      throw brokenProtocol(call, 'lists its pages in a circle');
    seen.add(next.href);
    const page = await http.retried(call, async (answer) => {
      if (answer.status === 404) return answer.discard();
      const object = await readObject(answer, MAX_PAGE, call);
      return { items: read(object, answer, call), next: nextPage(answer.header('link'), call.url) };
    });
    if (!page) return undefined;
    all.push(...page.items);
    next = page.next;
  }
  return all;
}

/** Every tag of a repository; none for a repository that does not exist. */
export async function listTags(http: Http, repository: string): Promise<string[]> {
  const call: Call = {
    method: 'GET',
    url: await http.address(`${repository}/tags/list`),
    access: { repository, actions: ['pull'] },
    expect: [200, 404],
  };
  const tags = await readPages(http, call, ({ tags }, { status }, page) => {
    // Go registries write null for an empty list.
    if (tags === null || tags === undefined) return [];
    if (Array.isArray(tags) && tags.every((tag) => typeof tag === 'string')) return tags as string[];
    throw brokenProtocol(page, 'answers with tags that are no list of names', status);
  });
  return tags ?? [];
}
