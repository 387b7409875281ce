import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { readmeSnippets, TESTED, testedBy } from './readme.ts';
import { ROOT } from './repository.ts';

// tools/src/e2e/readme-snippets.e2e.test.ts runs what an engine can run.

const snippets = readmeSnippets();

test('every snippet of README.md is run by a test, or it is said that none can', () => {
  const places = snippets.map(testedBy);
  expect(places.filter((place) => place === 'run').length).toBeGreaterThan(8);
  for (const place of places.filter((name) => !['run', 'not run'].includes(name)))
    expect(existsSync(resolve(ROOT, place)), place).toBe(true);
});

test('and none is listed that the page does not have', () => {
  const unused = TESTED.filter(([beginning]) => !snippets.some(({ text }) => text.startsWith(beginning)));
  expect(unused).toEqual([]);
});

test('the first success takes one block of two lines, and uninstalling one line', () => {
  const [first] = snippets;
  expect(first?.text.split('\n')).toHaveLength(2);
  expect(
    snippets
      .slice(0, 4)
      .map(({ text }) => text)
      .join('\n'),
  ).toContain('--uninstall all');
});

test('YAML in it is YAML', () => {
  const blocks = snippets.filter(({ language }) => language === 'yaml');
  for (const { text } of blocks) expect(Object.keys(parse(text))).not.toEqual([]);
  expect(blocks).toHaveLength(4);
});

test('the files of the repository that it fetches are there', () => {
  const text = snippets.map((snippet) => snippet.text).join('\n');
  const fetched = text.matchAll(/raw\.githubusercontent\.com\/[^/]+\/[^/]+\/main\/(\S+)/g);
  const paths = Array.from(fetched, ([, path = '']) => path);
  expect(paths).toEqual(['examples/kubernetes-daemonset.yaml', 'examples/systemd.service']);
  for (const path of paths) expect(existsSync(resolve(ROOT, path)), path).toBe(true);
});
