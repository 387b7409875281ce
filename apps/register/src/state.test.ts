import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { PARTS } from './render.ts';
import { shellAliases } from './table.ts';

const part = (path: string) => readFileSync(join(import.meta.dirname, 'script', path), 'utf8');
const withoutComments = (text: string) => text.replaceAll(/^\s*#.*$| # .*$/gm, '');

/** The names that a text assigns to, by `=` or `read`. */
function assigned(text: string, name: RegExp): Set<string> {
  const plain = withoutComments(text);
  const direct = Array.from(plain.matchAll(/(?:^|[\s;({&|])([A-Za-z_]\w*)=/gm), ([, found = '']) => found);
  const read = Array.from(plain.matchAll(/\bread -r ([\w ]+)/g), ([, names = '']) => names.split(' ')).flat();
  return new Set([...direct, ...read].filter((found) => name.test(found)));
}

const functions = Object.values(PARTS)
  .flat()
  .flatMap((path) =>
    Array.from(part(path).matchAll(/((?:^#.*\n)*)^([a-z_]+)\(\) \{\n([\s\S]*?)^\}/gm)).map(
      ([, comment = '', name = '', body = '']) => ({ name, comment, body }),
    ),
  );
const sets = (comment: string) => /(?:^|\s)sets: ([^.\n]+)/m.exec(comment)?.[1]?.match(/\b[a-z_]+\b/g) ?? [];

describe('the state of the script', () => {
  test('is listed at its top: every name in capitals that a part assigns to', () => {
    const [settings = ''] = PARTS.settings.map(part);
    const listed = assigned(settings, /^[A-Z]/);
    for (const name of settings
      .match(/^unset .*?(?=#)/m)?.[0]
      .trim()
      .split(/\s+/)
      .slice(1) ?? [])
      listed.add(name);
    const own = ['LC_ALL', 'IFS', 'QEMU_BIN_DIR'];
    const used = [...PARTS.registering, ...PARTS.reporting].flatMap((path) => [
      ...assigned(part(path), /^[A-Z]/),
    ]);
    expect(used.filter((name) => !listed.has(name) && !own.includes(name))).toEqual([]);
  });

  test('functions that set variables for their caller have one mark, and set what it names', () => {
    const named = functions.filter(({ comment }) => sets(comment).length > 0);
    expect(named.length).toBeGreaterThan(30);
    const bodies = [...functions.map(({ body }) => body), shellAliases()];
    const all = new Set(bodies.flatMap((body) => [...assigned(body, /^[a-z]/)]));
    expect(named.flatMap(({ comment }) => sets(comment)).filter((variable) => !all.has(variable))).toEqual(
      [],
    );
    expect(functions.filter(({ comment }) => /\bsets `[a-z]/.test(comment)).map(({ name }) => name)).toEqual(
      [],
    );
  });

  test('no function is defined twice', () => {
    const names = functions.map(({ name }) => name);
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
    for (const { name, body } of functions)
      expect([name, /^\s+[a-z_]+\(\) \{/m.test(body)]).toEqual([name, false]);
  });
});
