import { describe, expect, test } from 'vitest';
import { parseApiAddress, parseRepository, parseToken } from './settings.ts';

const invalid = expect.objectContaining({ code: 'GITHUB_SETTING_INVALID' });
const refusal = (work: () => unknown) => {
  try {
    return work();
  } catch (error) {
    return error as Error;
  }
};

describe('the address of the API', () => {
  test.each([
    ['https://api.github.com', 'https://api.github.com'],
    ['https://ghe.example/api/v3//', 'https://ghe.example/api/v3'],
    ['http://127.0.0.1:8080/', 'http://127.0.0.1:8080'],
    ['http://localhost:8080', 'http://localhost:8080'],
    ['http://[::1]:8080', 'http://[::1]:8080'],
  ])('%s', (text, address) => {
    expect(parseApiAddress(text)).toBe(address);
  });

  test.each([
    'http://api.github.com',
    'http://10.0.0.1',
    'http://localhost.example',
    'http://127.0.0.1.example',
    'ftp://api.github.com',
    'api.github.com',
    'https://me:hunter2@api.github.com',
    'https://api.github.com/?hunter2',
    'https://api.github.com/#hunter2',
    'https:',
    'hunter2://x y',
    `https://${'éapi.github.c'.repeat(1000)}/`,
  ])('%s is refused, and no password is quoted', (text) => {
    const error = refusal(() => parseApiAddress(text));
    expect(error).toEqual(invalid);
    expect((error as Error).message).not.toContain('hunter2');
  });
});

test('a protocol that only begins or ends as https does is another one', () => {
  for (const text of ['xhttps://api.github.com', 'httpsx://api.github.com'])
    expect(refusal(() => parseApiAddress(text))).toMatchObject({
      message: 'GITHUB_API_URL is not an address with https',
    });
});

test('a host is as long as DNS allows, with a port, and no longer', () => {
  const host = `${'a'.repeat(256)}:8443`;
  expect(parseApiAddress(`https://${host}`)).toBe(`https://${host}`);
  expect(refusal(() => parseApiAddress(`https://a${host}`))).toMatchObject({
    message: 'GITHUB_API_URL has a host of 262 characters',
  });
});

test('a repository has an owner and a name', () => {
  expect(parseRepository('some-one/a.b_c')).toEqual({ owner: 'some-one', repo: 'a.b_c' });
});

test.each(['o', '/r', 'o/', 'o/r/x', 'https://github.com/o/r', '', 'o/r\n'])(
  '%j is not a repository',
  (name) => {
    expect(() => parseRepository(name)).toThrow('OWNER/REPO');
  },
);

test('a token is without the line break of the file it is from; one that fits no header is refused unseen', () => {
  expect(parseToken('ghp_x\n')).toBe('ghp_x');
  expect([parseToken(undefined), parseToken(' \n')]).toEqual([undefined, undefined]);
  const error = refusal(() => parseToken('hunter2\nhunter2'));
  expect(error).toEqual(invalid);
  expect((error as Error).message).not.toContain('hunter2');
});
