/** The fields of one paragraph, by lower-case name; lines of a value are joined with `\n`. */
export type Stanza = ReadonlyMap<string, string>;
export function parseStanzas(_text: string): Stanza[] {
  throw new Error('not yet');
}
export function parseStanza(_text: string): Stanza {
  throw new Error('not yet');
}
