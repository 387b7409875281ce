import { expect, test } from 'vitest';
import { problemsIn } from './check.ts';
import { checkedTexts, paragraphs } from './texts.ts';

const inText = (text: string) => problemsIn({ place: 'page:1', text });

test('a word of the list is found, with the better one', () => {
  expect(inText('The registry tells its digest.')).toEqual([
    'page:1: "tells": report, print, list, show or describe',
  ]);
  expect(inText('A made image is no proof.')).toEqual([
    'page:1: "is no": is not a, does not have, there is no',
  ]);
});

test('part of another word, or a name with a hyphen, is not that word', () => {
  expect(inText('An amended Hotell is no longer built from intell-at-hand.')).toEqual([]);
});

test('a sentence that is too long is found, two short ones are not', () => {
  const words = (count: number) => `A${' word'.repeat(count - 1)}.`;
  expect(inText(words(46))).toEqual([expect.stringContaining('a sentence of 46 words')]);
  expect(inText(`${words(45)} ${words(45)}`)).toEqual([]);
});

test('a clause in place of a subject is found, a question is not', () => {
  const clause = 'What keeps the register program from its work stands in the log of the container.';
  expect(inText(clause)).toEqual([expect.stringContaining('begin with the noun that is meant')]);
  expect(inText(clause.replace('.', '?'))).toEqual([]);
});

test('of a page, paragraphs, items and cells are read, and no code', () => {
  const page = [
    '# Title',
    'one',
    'two `tell`',
    '',
    '```sh',
    'tell',
    '```',
    '- item [told](a.md)',
    '| a | told |',
  ];
  expect(paragraphs('p.md', page.join('\n'))).toEqual([
    { place: 'p.md:1', text: 'Title one two CODE' },
    { place: 'p.md:8', text: 'item [told]' },
    { place: 'p.md:9', text: 'a' },
    { place: 'p.md:9', text: 'told' },
  ]);
});

test('help and errors are read too', async () => {
  const places = (await checkedTexts()).map(({ place }) => place);
  expect(places).toEqual(
    expect.arrayContaining(['image-builder publish --push', 'TAG_IMMUTABLE (remedy)', 'README.md:1']),
  );
});
