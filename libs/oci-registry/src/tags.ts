import type { OnEvent } from './events.ts';
import { brokenProtocol, tooLarge } from './failures.ts';
import type { Call, Http } from './http.ts';
import { nextPage } from './link.ts';
import { readObject } from './read.ts';
import { isTag } from './reference.ts';
import type { Incoming } from './transport.ts';

const MAX_PAGE = 16 << 20;
/** Entries of all pages. The largest repositories have some 100,000 tags. */
const MAX_ENTRIES = 1_000_000;

/**
 * All pages of a list, each read by `read`, which takes its answer's JSON. Ends where no Link leads on; `undefined`
 * for 404.
 *
 * @throws RegistryError REGISTRY_PROTOCOL_BROKEN when the pages go in a circle; REGISTRY_ANSWER_TOO_LARGE for more
 * than a million entries, or pages without any.
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
    if (seen.has(next.href)) throw brokenProtocol(call, 'lists its pages in a circle');
    seen.add(next.href);
    const page = await http.retried(call, async (answer) => {
      if (answer.status === 404) return answer.discard();
      const object = await readObject(answer, MAX_PAGE, call);
      return { items: read(object, answer, call), next: nextPage(answer.header('link'), call) };
    });
    if (!page) return undefined;
    for (const item of page.items) all.push(item);
    if (all.length + seen.size > MAX_ENTRIES) throw tooLarge(call, MAX_ENTRIES, 'entries');
    next = page.next;
  }
  return all;
}

/**
 * Every tag of a repository; none for a repository that does not exist. A listed name that breaks the grammar of tags
 * cannot be asked for, and may be meant for a terminal: it is left out, and their number is an event.
 * https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md#listing-tags
 */
export async function listTags(http: Http, repository: string, onEvent: OnEvent): Promise<string[]> {
  const call: Call = {
    method: 'GET',
    url: await http.address(`${repository}/tags/list`),
    access: { repository, actions: ['pull'] },
    expect: [200, 404],
  };
  const names = await readPages(http, call, ({ tags }, { status }, page) => {
    // Go registries write null for an empty list.
    if (tags === null || tags === undefined) return [];
    if (Array.isArray(tags) && tags.every((tag) => typeof tag === 'string')) return tags as string[];
    throw brokenProtocol(page, 'answers with tags that are not a list of names', status);
  });
  if (names === undefined) return [];
  const tags = names.filter(isTag);
  const count = names.length - tags.length;
  if (count > 0) onEvent({ type: 'names-ignored', repository, count });
  return tags;
}
