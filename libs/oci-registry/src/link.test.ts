import { expect, test } from 'vitest';
import { nextPage } from './link.ts';

const page = { method: 'GET', url: new URL('https://r.example/v2/a/tags/list?n=2') };

test.each([
  ['</v2/a/tags/list?n=2&last=b>; rel="next"', 'https://r.example/v2/a/tags/list?n=2&last=b'],
  ['<?last=b>;rel=next', 'https://r.example/v2/a/tags/list?last=b'],
  ['<https://r.example/x>; title="a"; rel="prev next"', 'https://r.example/x'],
  ['</p>; rel="prev", </n>; rel="next"', 'https://r.example/n'],
  ['</p>; rel="prev"', undefined],
  // An address ends before the next begins, so the search goes over a header once.
  ['<http://[<http://[</n>; rel="next"', 'https://r.example/n'],
  ['</n>; REL = "Next"', 'https://r.example/n'],
  ['</n>;rel="next last"', 'https://r.example/n'],
  ['</p>; title="rel=next"', undefined],
  ['</p>; rel=nextish', undefined],
  ['</p>; rel="nextish"', undefined],
  [undefined, undefined],
])('%j leads to %j', (header, next) => {
  expect(nextPage(header, page)?.href).toBe(next);
});

test.each([
  '<http://[>; rel="next"',
  '<https://s.example/x>; rel=next',
  '<http://r.example/x>; rel=next',
  '<data:x>; rel=next',
])('%j is refused', (header) => {
  expect(() => nextPage(header, page)).toThrow('not an address of this registry');
});
