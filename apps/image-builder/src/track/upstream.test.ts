import { expect, test } from 'vitest';
import { lagOf, newestCandidate, upstreamOf } from './upstream.ts';

const tags = [
  'v9.2.0',
  'v11.2.0-rc1',
  'v11.1.3',
  'v11.1.2',
  'v11.1.0-rc0',
  'v10.0.12',
  'v1.0',
  'staging',
  'v10.2.0',
];

test('releases and candidates are distinguished, newest first, and other tags are neither', () => {
  expect(upstreamOf(tags)).toEqual({
    releases: ['11.1.3', '11.1.2', '10.2.0', '10.0.12', '9.2.0'],
    candidates: ['11.2.0-rc1', '11.1.0-rc0'],
  });
});

test.each(['old-v9.1.0', 'v9.1.0-dirty', 'v9.1.0-rc1-dirty', 'v9.1', 'v9.1.0.1'])(
  '%s is no version',
  (tag) => {
    expect(upstreamOf([tag])).toEqual({ releases: [], candidates: [] });
  },
);

test('a tenth candidate is one as well', () => {
  expect(upstreamOf(['v9.1.0-rc10', 'v9.1.0-rc9']).candidates).toEqual(['9.1.0-rc10', '9.1.0-rc9']);
});

test('a candidate counts until its release is there', () => {
  expect(newestCandidate(upstreamOf(tags))).toBe('11.2.0-rc1');
  expect(newestCandidate(upstreamOf([...tags, 'v11.2.0']))).toBe(null);
  expect(newestCandidate(upstreamOf([]))).toBe(null);
});

test.each([
  ['11.1.3', null],
  ['11.2.0', null],
  ['11.1.2', { newest: '11.1.3', kind: 'patch', releases: 1, line: '11.1.3' }],
  ['11.0.0', { newest: '11.1.3', kind: 'minor', releases: 2, line: null }],
  ['9.1.0', { newest: '11.1.3', kind: 'major', releases: 5, line: null }],
  ['10.0.11', { newest: '11.1.3', kind: 'major', releases: 4, line: '10.0.12' }],
  ['10.0', { newest: '11.1.3', kind: 'major', releases: 4, line: '10.0.12' }],
])('how far %s is behind', (version, lag) => {
  expect(lagOf(version, upstreamOf(tags))).toEqual(lag);
});
