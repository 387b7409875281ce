import { describe, expect, test } from 'vitest';
import { parseStanza, parseStanzas } from './deb822.ts';

describe('a control file', () => {
  test('has paragraphs with fields whose names are known in any case', () => {
    const stanzas = parseStanzas('Package: a\nSize: 1\n\n\npackage: b\n \t\nPACKAGE:c\n');
    expect(stanzas.map((stanza) => stanza.get('package'))).toEqual(['a', 'b', 'c']);
    expect(stanzas[0]?.get('size')).toBe('1');
  });

  test('has values of several lines', () => {
    const stanza = parseStanza('Description: short\n long one\n .\n\tmore\nSHA256:\n abc 1 x\n def 2 y\n');
    expect(stanza.get('description')).toBe('short\nlong one\n.\nmore');
    expect(stanza.get('sha256')).toBe('\nabc 1 x\ndef 2 y');
  });

  test('may have colons in a value, and no space after the name', () => {
    expect(parseStanza('Version:1:2.0-1').get('version')).toBe('1:2.0-1');
  });

  test('may be empty', () => {
    expect(parseStanzas('\n \n')).toEqual([]);
    expect(parseStanzas(' ')).toEqual([]);
  });

  test('has white space between its lines that is of no field', () => {
    expect([...parseStanza('Size: 1\n \t\nPackage: a\n')]).toEqual([
      ['size', '1'],
      ['package', 'a'],
    ]);
  });

  test('is refused by the beginning of a line, however long it is', () => {
    expect(() => parseStanza('x'.repeat(5000))).toThrow(
      expect.objectContaining({ message: `"${'x'.repeat(80)}" is not a field` }),
    );
  });

  test.each([
    ['a line without a field', 'Package: a\nnonsense\n'],
    ['a continuation of nothing', ' continued\n'],
    ['a comment', '# comment\nPackage: a\n'],
    ['a name that begins with a hyphen', '-a: b\n'],
    ['a carriage return at the end of a line', 'Size: 1\r\n'],
    ['a name with a space', 'Pack age: b\n'],
    ['a field twice', 'Size: 1\nSize: 1\n'],
    ['a field twice in different case', 'Size: 1\nSIZE: 2\n'],
  ])('with %s is refused', (_, text) => {
    expect(() => parseStanzas(text)).toThrow(expect.objectContaining({ code: 'CONTROL_MALFORMED' }));
  });
});
