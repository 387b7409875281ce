import { expect, test } from 'vitest';
import { browserAddress } from './repository.ts';

test.each([
  'https://github.com/o/r',
  'https://github.com/o/r.git',
  'git+https://github.com/o/r.git',
  'git+ssh://git@github.com/o/r.git',
  'git@github.com:o/r.git',
  'git://github.com/o/r.git',
  'github:o/r',
  'o/r',
])('%s is a repository on GitHub', (text) => {
  expect(browserAddress(text)).toBe('https://github.com/o/r');
});

test.each([
  ['gitlab:o/r', 'https://gitlab.com/o/r'],
  ['https://git.example.org/o/r.git', 'https://git.example.org/o/r'],
  ['git+https://git.example.org/group/o/r.git', 'https://git.example.org/group/o/r'],
  ['git@git.example.org:o/r.git', 'https://git.example.org/o/r'],
  ['ssh://git@git.example.org/o/r', 'https://git.example.org/o/r'],
])('%s is a repository on another host', (text, address) => {
  expect(browserAddress(text)).toBe(address);
});

test.each(['', 'r', 'https://git.example.org', 'https://git.example.org/o', 'file:///srv/r.git', '../r'])(
  '%j is not the address of a repository',
  (text) => {
    expect(browserAddress(text)).toBe(null);
  },
);
