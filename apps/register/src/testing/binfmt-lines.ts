import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A line of binfmt.d, its bytes as hex. */
export interface Line {
  readonly magic: string;
  readonly mask: string;
  readonly interpreter: string;
  readonly flags: string;
}

/** `\x7fELF\x02` and `\x7f\x45\x4c\x46\x02` are the same bytes. */
const hexOf = (escaped: string) =>
  escaped.replace(/\\x([0-9a-f]{2})|(.)/g, (_, hex, letter) => hex ?? letter.charCodeAt(0).toString(16));

function parseLine(text: string): Line {
  const [, , , , magic = '', mask = '', interpreter = '', flags = ''] = text.trimEnd().split(':');
  return { magic: hexOf(magic), mask: hexOf(mask), interpreter, flags };
}

/** The lines of a folder of `qemu-<guest>.conf`, by guest. */
export function readLines(folder: string): Record<string, Line> {
  return Object.fromEntries(
    readdirSync(folder).map((name) => [
      name.slice('qemu-'.length, -'.conf'.length),
      parseLine(readFileSync(join(folder, name), 'utf8')),
    ]),
  );
}

/** A byte of a pattern in which two lines are not the same; `none` where one is shorter. */
export interface ByteDifference {
  readonly guest: string;
  readonly part: 'magic' | 'mask';
  readonly at: number;
  readonly theirs: string;
  readonly ours: string;
}

/** Hex, two digits a byte. */
export const bytes = (hex: string) => hex.match(/../g) ?? [];

export function byteDifferences(guest: string, theirs: Line, ours: Line): ByteDifference[] {
  return (['magic', 'mask'] as const).flatMap((part) =>
    Array.from({ length: Math.max(theirs[part].length, ours[part].length) / 2 }, (_, at) => ({
      guest,
      part,
      at,
      theirs: bytes(theirs[part])[at] ?? 'none',
      ours: bytes(ours[part])[at] ?? 'none',
    })).filter((difference) => difference.theirs !== difference.ours),
  );
}
