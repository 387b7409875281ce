import { type Asked, brokenProtocol } from './failures.ts';

/**
 * The address of the next page, from a Link header with `rel="next"` (RFC 8288, section 3), resolved against
 * the page it came with. `undefined` on the last page.
 *
 * @throws RegistryError REGISTRY_PROTOCOL_BROKEN for what is not an address, or is at another host.
 */
export function nextPage(header: string | undefined, page: Asked): URL | undefined {
  // An address has no `<` in it. Without that, a header of nothing else is searched to its end from each of them.
  for (const [, target = '', parameters = ''] of (header ?? '').matchAll(/<([^<>]*)>([^<]*)/g)) {
    if (!/;\s*rel\s*=\s*(?:"(?:[^"]*\s)?next(?:\s[^"]*)?"|next\b)/i.test(parameters)) continue;
    const next = URL.parse(target, page.url.href);
    if (next?.origin !== page.url.origin)
      throw brokenProtocol(page, 'names a next page that is not an address of this registry');
    return next;
  }
  return undefined;
}
