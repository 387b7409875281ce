import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { recipeOf } from './recipe.ts';

const template = readFileSync(new URL('../../../../Dockerfile.template', import.meta.url), 'utf8');

test('Dockerfile.template renders to what the built-in builder reads', () => {
  const recipe = recipeOf(template, { labels: { a: '1', c: '3', b: '2' } });
  expect(recipe.copies.map(({ text }) => text)).toEqual([
    'COPY register/ /',
    'COPY emulators/ /',
    'COPY licenses/ /',
  ]);
  expect(Object.entries(recipe.labels)).toEqual([
    ['a', '1'],
    ['b', '2'],
    ['c', '3'],
  ]);
  expect(recipe).toMatchObject({
    env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', 'QEMU_BIN_DIR=/usr/bin'],
    entrypoint: ['/register'],
    cmd: [],
    workingDir: '/',
  });
});

test('an image without emulators copies the register part alone', () => {
  const recipe = recipeOf(template, { emulators: false });
  expect(recipe.copies.map(({ from }) => from)).toEqual(['register']);
});

test.each(['plain', 'two words', 'a "quote"', '5$ and $HOME', 'back\\slash', 'Debian’s', "it's", ''])(
  'a label survives the way through the Dockerfile: %s',
  (value) => {
    const recipe = recipeOf(template, { emulators: false, labels: { key: value } });
    expect(recipe.labels).toEqual({ key: value });
  },
);
