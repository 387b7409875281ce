/** Control characters, formats without a glyph (direction, zero width), separators of lines, and halves of characters. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

const SHORT: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/**
 * One line of text from outside (a tag, a version, a path, a body) for a terminal: whatever moves the cursor, changes a
 * colour, begins a line or hides text is written as `\n` or `\u{1b}`.
 */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, (one) => SHORT[one] ?? `\\u{${one.codePointAt(0)?.toString(16)}}`);
}

/**
 * Several lines that may be from outside. Each is `printable`, and each after the first is a list item or indented by
 * four, so that none can pass for a line that this program prints of itself.
 */
export function printableLines(text: string): string {
  const [first = '', ...others] = text.trimEnd().split('\n').map(printable);
  return [
    first,
    ...others.map((line) => (/^( {2}- | {4})/.test(line) ? line : `    ${line.trimStart()}`)),
  ].join('\n');
}
