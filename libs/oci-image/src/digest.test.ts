import { expect, test } from 'vitest';
import { digestOf, hexOf, isDigest, runningDigest } from './digest.ts';

const HELLO = '2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824';

test('a digest grows with the bytes that it is shown', () => {
  const running = runningDigest();
  running.update(Buffer.from('he'));
  running.update(Buffer.from('llo'));
  expect([running.size, running.end()]).toEqual([5, `sha256:${HELLO}`]);
  expect([digestOf('hello'), hexOf(digestOf(Buffer.from('hello')))]).toEqual([`sha256:${HELLO}`, HELLO]);
});

test('a digest is sha256: and 64 small hexadecimal digits, and nothing before or behind them', () => {
  expect(isDigest(`sha256:${HELLO}`)).toBe(true);
  const others = [
    `sha256:${HELLO.toUpperCase()}`,
    `sha256:${HELLO}0`,
    `sha256:${HELLO.slice(1)}`,
    `sha256:${HELLO}\n`,
    ` sha256:${HELLO}`,
    `sha512:${HELLO}`,
    HELLO,
    '',
    null,
    [`sha256:${HELLO}`],
  ];
  expect(others.filter(isDigest)).toEqual([]);
});
