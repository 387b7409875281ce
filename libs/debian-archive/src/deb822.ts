import { ArchiveError } from './errors.ts';

/** The fields of one paragraph, by lower-case name; the lines of a value are joined with `\n`. */
export type Stanza = ReadonlyMap<string, string>;

/**
 * The paragraphs of a control file, in order. A continuation line loses the whitespace around it.
 * https://www.debian.org/doc/debian-policy/ch-controlfields.html#syntax-of-control-files
 *
 * @throws ArchiveError CONTROL_MALFORMED for a line without a field, and for a repeated field
 */
export function parseStanzas(text: string): Stanza[] {
  return text
    .split(/\n[ \t]*\n/)
    .filter((paragraph) => paragraph.trim() !== '')
    .map(parseStanza);
}

/**
 * The fields of a control file of one paragraph.
 *
 * @throws ArchiveError CONTROL_MALFORMED
 */
export function parseStanza(text: string): Stanza {
  const fields = new Map<string, string[]>();
  let last: string[] | undefined;
  for (const line of text.split('\n')) {
    if (line.trim() === '') continue;
    if (/^[ \t]/.test(line) && last !== undefined) {
      last.push(line.trim());
      continue;
    }
    // A name is printable ASCII without space and colon, and does not begin with "#" or "-".
    const field = /^([!"$-,./0-9;-~][!-9;-~]*):(.*)$/.exec(line);
    if (field === null) {
      throw new ArchiveError('CONTROL_MALFORMED', `${JSON.stringify(line.slice(0, 80))} is not a field`);
    }
    const [, name = '', value = ''] = field;
    const key = name.toLowerCase();
    if (fields.has(key)) throw new ArchiveError('CONTROL_MALFORMED', `it repeats the field ${name}`);
    last = [value.trim()];
    fields.set(key, last);
  }
  return new Map(Array.from(fields, ([key, lines]) => [key, lines.join('\n')]));
}
