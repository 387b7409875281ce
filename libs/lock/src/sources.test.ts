import { expect, test } from 'vitest';
import { parseSources } from './sources.ts';

test.each(['', '{', '\u0000{}', 'null', '[]', '{"origin":"Debian","channels":[]}'])(
  '%j is refused with a code',
  (text) => {
    expect(() => parseSources(text)).toThrow(expect.objectContaining({ code: 'SOURCES_INVALID' }));
  },
);
