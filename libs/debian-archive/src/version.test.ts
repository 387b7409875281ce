import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { compareVersions, parseVersion } from './index.ts';

const hasDpkg = spawnSync('dpkg', ['--version']).status === 0;

/** Every version here is older than the next; the ones in one row are equal. */
const ASCENDING = [
  ['~~', '~~-0'],
  ['~~a'],
  ['~'],
  ['0~rc1'],
  ['0', '00', '0-0', '0:0', '0-00'],
  ['0-0.0.1'],
  ['0a'],
  ['0.~1'],
  ['0.', '0.0'],
  ['0.1'],
  ['1.0~beta1~svn1245'],
  ['1.0~beta1'],
  ['1.0'],
  ['1.0-1~bpo1'],
  ['1.0-1'],
  ['1.0-1+b1'],
  ['1.0-1+b3'],
  ['1.0-1+b12'],
  ['1.0a'],
  ['1.0+dfsg'],
  ['1.0-1-1'],
  ['1.0.0'],
  ['7.2+dfsg-7+deb12u9'],
  ['7.2+dfsg-7+deb12u18'],
  ['7.2+dfsg-7+deb12u18+b3'],
  ['10.0.13+ds-0+deb13u1'],
  ['10.2.2+ds-1'],
  ['11.1.3~rc2+ds-1'],
  ['11.1.3+ds-1'],
  ['11.1.10+ds-1'],
  ['20250101000000000000000000001'],
  ['20250101000000000000000000002'],
  ['1:0'],
  ['2:0'],
];

describe('the order of versions', () => {
  const rows = ASCENDING.flatMap((equal, row) => equal.map((version) => ({ version, row })));
  const pairs = rows.flatMap((a) => rows.map((b) => [a, b] as const));

  test('is the one of the table, for every pair in it', () => {
    for (const [a, b] of pairs) {
      const order = Math.sign(compareVersions(a.version, b.version));
      expect(order, `${a.version} against ${b.version}`).toBe(Math.sign(a.row - b.row));
    }
  });

  test.skipIf(!hasDpkg)('is the one dpkg gives, for every pair of the table (dpkg)', () => {
    const ascending = pairs.filter(([a, b]) => a.row <= b.row);
    const script = ascending
      .map(([a, b]) => `dpkg --compare-versions '${a.version}' lt '${b.version}' && echo lt || echo ge`)
      .join('\n');
    const theirs = spawnSync('sh', { input: script, encoding: 'utf8', maxBuffer: 1 << 24 }).stdout;
    const ours = ascending.map(([a, b]) => (compareVersions(a.version, b.version) < 0 ? 'lt' : 'ge'));
    expect(theirs.trim().split('\n')).toEqual(ours);
  });

  test.skipIf(!hasDpkg)('is the one dpkg gives, for versions made at random (dpkg)', () => {
    const made = Array.from(randomVersions(600));
    const script = made.map(([a, b]) => `dpkg --compare-versions '${a}' lt '${b}' && echo lt || echo ge`);
    const theirs = spawnSync('sh', { input: script.join('\n'), encoding: 'utf8' }).stdout;
    const ours = made.map(([a, b]) => (compareVersions(a, b) < 0 ? 'lt' : 'ge'));
    expect(theirs.trim().split('\n')).toEqual(ours);
  });

  test('is antisymmetric and transitive for versions made at random', () => {
    const made = Array.from(randomVersions(150)).flat();
    const sorted = made.toSorted(compareVersions);
    for (const [i, a] of sorted.entries()) {
      for (const b of sorted.slice(i)) {
        expect(compareVersions(a, b), `${a} against ${b}`).toBeLessThanOrEqual(0);
        expect(Math.sign(compareVersions(b, a)) + Math.sign(compareVersions(a, b))).toBe(0);
      }
    }
  });
});

describe('taking a version apart', () => {
  test.each([
    ['1.2', { epoch: 0, upstream: '1.2', revision: '' }],
    ['1:7.2+dfsg-7+deb12u18+b3', { epoch: 1, upstream: '7.2+dfsg', revision: '7+deb12u18+b3' }],
    ['10:1.0', { epoch: 10, upstream: '1.0', revision: '' }],
    ['1.0-2-3', { epoch: 0, upstream: '1.0-2', revision: '3' }],
    ['11.1.3~rc2+ds-1', { epoch: 0, upstream: '11.1.3~rc2+ds', revision: '1' }],
  ])('%s', (text, parts) => {
    expect(parseVersion(text)).toEqual(parts);
  });

  test.each([
    '',
    '1.0-',
    '-1',
    ':1',
    'a:1',
    '1:',
    '1:2:3',
    '1 0',
    '1.0_1',
    '1.0-1_1',
    '1.0-_1',
    '1.0-1_',
    ' 1',
    '1\n',
    '99999999999999999999:1',
  ])('"%s" is refused', (text) => {
    expect(() => parseVersion(text)).toThrow(expect.objectContaining({ code: 'VERSION_MALFORMED' }));
  });
});

/** Pairs of like versions over a small alphabet, always the same ones. */
function* randomVersions(count: number): Generator<[string, string]> {
  let state = 20261123;
  const below = (limit: number) => {
    state = (state * 1103515245 + 12345) % 2 ** 31;
    return Math.floor((state / 2 ** 31) * limit);
  };
  const version = () => {
    const text = Array.from({ length: 1 + below(5) }, () => '0019ab~+.-'[below(10)]).join('');
    return `1${text.replace(/-+$/, '')}${below(2) ? `-${below(12)}` : ''}`;
  };
  for (let i = 0; i < count; i++) yield [version(), version()];
}
