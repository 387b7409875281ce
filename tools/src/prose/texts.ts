import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { COMMANDS } from '@qemu-user-static/image-builder/command-line';
import { CATALOGUES } from '../errors-page.ts';
import { projectFiles, ROOT } from '../repository.ts';

/** A text that a person reads, and where it is written. */
export interface Text {
  readonly place: string;
  readonly text: string;
}

/** Pages that tests and `npm run docs` write: their words are in the code. */
const GENERATED = ['docs/errors.md', 'docs/register-commands.md', 'docs/register-differences.md'];

/** Every text that the check holds to the words: pages, help and errors. */
export async function checkedTexts(): Promise<Text[]> {
  return [...pages(), ...(await help()), ...errors()];
}

/** The paragraphs of pages that people write. */
function pages(): Text[] {
  return projectFiles('*.md', '.github/ISSUE_TEMPLATE/*.yml')
    .filter((page) => !GENERATED.includes(page))
    .flatMap((page) => paragraphs(page, readFileSync(resolve(ROOT, page), 'utf8')));
}

/** The paragraphs of a page, each cell of a table one, with neither code nor the addresses of links. */
export function paragraphs(page: string, markdown: string): Text[] {
  const found: Text[] = [];
  let fence = false;
  let begun: { line: number; words: string[] } | undefined;
  const end = () => {
    if (begun !== undefined) found.push({ place: `${page}:${begun.line}`, text: begun.words.join(' ') });
    begun = undefined;
  };
  for (const [index, line] of markdown.split('\n').entries()) {
    if (/^\s*(?:```|~~~)/.test(line)) {
      fence = !fence;
      end();
    } else if (fence || line.trim() === '') end();
    else if (line.trimStart().startsWith('|')) {
      end();
      for (const cell of line.split(/(?<!\\)\|/))
        if (/\w/.test(cell)) found.push({ place: `${page}:${index + 1}`, text: proseOf(cell) });
    } else {
      if (/^\s*(?:[-*#>]|\d+\.)/.test(line)) end();
      begun ??= { line: index + 1, words: [] };
      begun.words.push(proseOf(line));
    }
  }
  end();
  return found;
}

function proseOf(line: string): string {
  return line
    .replace(/`[^`]*`/g, 'CODE')
    .replace(/\]\([^)]*\)/g, ']')
    .replace(/https?:\S+/g, 'URL')
    .replace(/^\s*(?:[-*>]|#+|\d+\.)\s+/, '')
    .trim();
}

/** Descriptions of the commands and options of `image-builder`. */
async function help(): Promise<Text[]> {
  const commands = Object.entries(COMMANDS).map(async ([name, { description, load }]) => {
    const { command } = await load();
    return [
      { place: name, text: description },
      ...command.options.map(({ long, description: text }) => ({ place: `${name} ${long}`, text })),
    ];
  });
  return (await Promise.all(commands))
    .flat()
    .map(({ place, text }) => ({ place: `image-builder ${place}`, text }));
}

/** What the catalogues of errors say. */
function errors(): Text[] {
  return CATALOGUES.flatMap(([, catalogue]) =>
    Object.entries(catalogue).flatMap(([code, { meaning, remedy }]) => [
      { place: `${code} (meaning)`, text: proseOf(meaning) },
      { place: `${code} (remedy)`, text: proseOf(remedy) },
    ]),
  );
}
