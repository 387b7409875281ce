import { expect, test } from 'vitest';
import { isAnyDigest, isDigest } from './digest.ts';

const HEX = 'a'.repeat(64);

test.each([
  `sha256:${HEX}a`,
  `x-sha256:${HEX}`,
  `sha256:${HEX.slice(1)}`,
  `../sha256:${HEX}`,
  `sha256:${HEX}/..`,
])('%s is not a digest that can be verified', (text) => {
  expect(isDigest(text)).toBe(false);
  expect(isDigest(`sha256:${HEX}`)).toBe(true);
});

test.each([
  [`sha256:${HEX}`, true],
  [`sha512:${HEX}${HEX}`, true],
  [`multihash+base58:${'Qm_=-'.repeat(8)}`, true],
  [`a.b-c_d:${'a'.repeat(32)}`, true],
  [`a:${'a'.repeat(31)}`, false],
  [`../sha256:${HEX}`, false],
  [`sha256:${HEX}/..`, false],
  [`sha256:${HEX}\n`, false],
  [`a,b:${HEX}`, false],
  [`A:${HEX}`, false],
  [`+a:${HEX}`, false],
  [HEX, false],
])('%j is a digest of some algorithm: %s', (text, expected) => {
  expect(isAnyDigest(text)).toBe(expected);
});
