import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import { createScrubber, Secret, shownAddress } from './secret.ts';

test('a secret shows itself only when asked to', () => {
  const secret = new Secret('hunter2');
  const ways = [
    `${secret}`,
    String(secret),
    JSON.stringify({ secret }),
    inspect({ secret }, { showHidden: true }),
    Object.values(secret).join(),
  ];
  expect(ways).toEqual(['***', '***', '{"secret":"***"}', '{ secret: *** }', '']);
  expect(secret.reveal()).toBe('hunter2');
});

test('an address is shown without user, password, fragment and the values of unknown parameters', () => {
  const url = new URL(
    'https://u:p@r.example:5000/v2/a/blobs/uploads/1?_state=s3cret&digest=sha256:00&X-Amz-Signature=abc#frag',
  );
  expect(shownAddress(url)).toBe(
    'https://r.example:5000/v2/a/blobs/uploads/1?_state=***&digest=sha256:00&X-Amz-Signature=***',
  );
});

test('an address is shown without what a terminal would obey', () => {
  const url = new URL('https://r.example/v2/a/tags/list?last=%1b%5B2J%0Aa%C2%9Bb&x%0Ay=1');
  expect(shownAddress(url)).toBe('https://r.example/v2/a/tags/list?last= [2J a b&x y=***');
});

test('a scrubber takes out every secret it has learnt, the longest first', () => {
  const scrubber = createScrubber();
  for (const secret of ['abc', 'abcdef', '']) scrubber.learn(secret);
  expect(scrubber.scrub('abcdef and abc, not ab')).toBe('*** and ***, not ab');
});
