import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PATTERNS } from './words.ts';

const GROUPS = { pages: /\.md$/, code: /\.(?:ts|sh|yml|yaml)$/ } as const;

/** Names the patterns, so its own text has them. */
const OWN = /^tools\/src\/prose/;

/** How often each pattern is in the files that git knows of a checkout, by kind of file. */
export function countPatterns(checkout: string): Record<string, Record<keyof typeof GROUPS, number>> {
  const files = execFileSync('git', ['ls-files'], { cwd: checkout, encoding: 'utf8' }).split('\n');
  const textOf = (group: RegExp) =>
    files
      .filter((file) => group.test(file) && !OWN.test(file) && existsSync(join(checkout, file)))
      .map((file) => readFileSync(join(checkout, file), 'utf8'))
      .join('\n');
  const texts = { pages: textOf(GROUPS.pages), code: textOf(GROUPS.code) };
  const count = (pattern: RegExp, text: string) => Array.from(text.matchAll(pattern)).length;
  return Object.fromEntries(
    Object.entries(PATTERNS).map(([name, pattern]) => [
      name,
      { pages: count(pattern, texts.pages), code: count(pattern, texts.code) },
    ]),
  );
}
