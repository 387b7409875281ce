import { OPERATORS } from './operators.ts';

/** A file that is altered in one place. */
export interface Alteration {
  readonly operator: string;
  /** From 1. */
  readonly line: number;
  readonly column: number;
  /** The line before and after, without its indentation. */
  readonly before: string;
  readonly after: string;
  /** The whole altered file. */
  readonly text: string;
}

/** Every alteration of a script, from its first line to its last. Comments stay as they are. */
export function alterationsOf(text: string): Alteration[] {
  const lines = text.split('\n');
  return lines.flatMap((line, index) => {
    if (/^\s*#/.test(line)) return [];
    return OPERATORS.flatMap(({ name, pattern, replacement }) =>
      Array.from(line.matchAll(pattern), (found) => {
        const after = line.slice(0, found.index) + replacement + line.slice(found.index + found[0].length);
        return {
          operator: name,
          line: index + 1,
          column: found.index + 1,
          before: line.trim(),
          after: after.trim(),
          text: lines.with(index, after).join('\n'),
        };
      }),
    );
  });
}
