/**
 * The address of the next page, from a Link header with `rel="next"` (RFC 8288, section 3), resolved against
 * the page it came with. `undefined` on the last page.
 */
export function nextPage(header: string | undefined, page: URL): URL | undefined {
  for (const [, target = '', parameters = ''] of (header ?? '').matchAll(/<([^>]*)>([^<]*)/g)) {
    if (/;\s*rel\s*=\s*(?:"(?:[^"]*\s)?next(?:\s[^"]*)?"|next\b)/i.test(parameters))
      return new URL(target, page);
  }
  return undefined;
}
