import { expect, test } from 'vitest';
import {
  compareQemuVersions,
  comparisonOf,
  fullVersion,
  notesOf,
  qemuVersionOf,
  versionPrefixes,
} from './qemu-version.ts';

test.each([
  ['11.1.3+ds', '11.1.3'],
  ['10.0.13+ds', '10.0.13'],
  ['7.2+dfsg', '7.2'],
  ['11.2.0~rc1+ds', '11.2.0-rc1'],
])('Debian’s %s is QEMU’s %s', (upstream, version) => {
  expect(qemuVersionOf(upstream)).toBe(version);
});

test('two numbers are a version whose third is 0', () => {
  expect(compareQemuVersions('7.2', '7.2.0')).toBe(0);
  expect(compareQemuVersions('7.2', '7.2.1')).toBe(-1);
});

test('a text without a number stays as it is', () => {
  expect(fullVersion('rolling')).toBe('rolling');
});

test('versions are ordered by their numbers, a candidate before its release', () => {
  const sorted = ['7.2', '9.9.0', '10.0.2', '10.0.13', '11.1.3-rc2', '11.1.3-rc10', '11.1.3', '11.2.0'];
  expect([...sorted].reverse().sort(compareQemuVersions)).toEqual(sorted);
});

test('a version satisfies its shorter forms, a candidate none', () => {
  expect(versionPrefixes('11.1.3')).toEqual(['11.1', '11']);
  expect(versionPrefixes('7.2')).toEqual(['7']);
  expect(versionPrefixes('11.2.0-rc1')).toEqual([]);
});

test('upstream’s notes are those of the line', () => {
  expect(notesOf('11.1.3')).toBe('https://wiki.qemu.org/ChangeLog/11.1');
});

test('what changed is between two tags, which have three numbers', () => {
  expect(comparisonOf('7.2', '11.1.3')).toBe('https://github.com/qemu/qemu/compare/v7.2.0...v11.1.3');
});
