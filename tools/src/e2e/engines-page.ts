import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { ROOT } from '../repository.ts';

/** The results of the suites on engines: a table of each under a heading of its own. The words around it are written by hand. */
export const ENGINES_PAGE = resolve(ROOT, 'docs/engines.md');

/** The table of one suite. */
export interface SeenTable {
  row(engine: string, platform: string, example: string, result: string): void;
  /** Cells of a table that has a head of its own. */
  cells(...cells: string[]): void;
  /** The page with these rows in place of the section's. @throws Error where the section has no table */
  page(): Promise<string>;
}

const EXAMPLES = ['engine', 'platform', 'example', 'result'];

export function openTable(section: string, head: readonly string[] = EXAMPLES): SeenTable {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  const lines = [line(head), `|${head.map(() => '---|').join('')}`];
  return {
    row: (engine, platform, example, result) =>
      void lines.push(line([engine, platform, `\`${example}\``, result])),
    cells: (...cells) => void lines.push(line(cells)),
    page: async () => {
      const page = await readFile(ENGINES_PAGE, 'utf8');
      const table = new RegExp(`(?<=\n## ${section}\n(?:(?!\n## )[^|])*)(?:\\|.*\n)+`);
      if (!table.test(page)) throw new Error(`${ENGINES_PAGE} has no table under "${section}"`);
      return page.replace(table, () => lines.map((line) => `${line}\n`).join(''));
    },
  };
}
