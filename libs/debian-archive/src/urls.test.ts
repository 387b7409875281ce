import { expect, test } from 'vitest';
import { bare, below, withoutCredentials } from './urls.ts';

test.each(['http://me:secret@a.example/debian', 'http://me:secret@a.example/debian/'])(
  'a path below %s is in its folder, whatever signs are in it',
  (root) => {
    expect(below(new URL(root), 'pool/a+b?c#d.deb').href).toBe(
      'http://me:secret@a.example/debian/pool/a%2Bb%3Fc%23d.deb',
    );
  },
);

test('an address without credentials is a copy', () => {
  const url = new URL('http://me:secret@a.example/debian');
  expect(withoutCredentials(url)).toBe('http://a.example/debian');
  expect([bare(url).username, bare(url).password, url.password]).toEqual(['', '', 'secret']);
});
