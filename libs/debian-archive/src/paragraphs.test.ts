import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { paragraphsOf, wholeParagraphs } from './paragraphs.ts';

const INDEX = 'Package: a\nSize: 1\n\nPackage: b\nDescription: x\n Package: a\n\n\nPackage: a\nSize: 2\n';

async function* inPieces(text: string, size: number) {
  for (let at = 0; at < text.length; at += size) yield Buffer.from(text.slice(at, at + size));
}

async function found(chunks: AsyncIterable<Uint8Array>, name: string): Promise<string[]> {
  const all: string[] = [];
  for await (const piece of wholeParagraphs(chunks)) all.push(...paragraphsOf(piece, name));
  return all.map((paragraph) => paragraph.trim());
}

describe('the paragraphs of an index', () => {
  test.each(Array.from({ length: INDEX.length }, (_, i) => i + 1))(
    'are whole in pieces of %i bytes',
    async (size) => {
      expect(await found(inPieces(INDEX, size), 'a')).toEqual(['Package: a\nSize: 1', 'Package: a\nSize: 2']);
      expect(await found(inPieces(INDEX, size), 'b')).toEqual(['Package: b\nDescription: x\n Package: a']);
    },
  );

  test('are whole with empty pieces between', async () => {
    async function* chunks() {
      for (const text of ['Package: a\n', '', '\nPackage: b\n', '', '\n']) yield Buffer.from(text);
    }
    expect(await found(chunks(), 'a')).toEqual(['Package: a']);
    expect(await found(chunks(), 'b')).toEqual(['Package: b']);
  });

  test('come as soon as a piece has their end', async () => {
    async function* chunks() {
      for (const text of ['Package: a\n\nPack', 'age', ': b\n', '', '\nPackage: c\n'])
        yield Buffer.from(text);
    }
    expect((await Array.fromAsync(wholeParagraphs(chunks()))).map(String)).toEqual([
      '\nPackage: a\n',
      '\nPackage: b\n',
      '\nPackage: c\n',
    ]);
  });

  test.each([
    [16 << 20, 'read'],
    [(16 << 20) + 1, 'INDEX_MALFORMED'],
  ])('of which one has %i bytes are %s', async (size, outcome) => {
    async function* chunks() {
      yield Buffer.from(`${'x'.repeat(8 << 20)}\n\n`);
      // The newline before it counts.
      yield Buffer.alloc(size - 1, 'x');
    }
    const reading = found(chunks(), 'a').then(
      () => 'read',
      (error) => error.code,
    );
    expect(await reading).toBe(outcome);
  });

  test('are copied once, however many pieces one comes in', async () => {
    const concat = vi.spyOn(Buffer, 'concat');
    onTestFinished(() => concat.mockRestore());
    const copied = async (pieces: number) => {
      concat.mockClear();
      await found(inPieces(' '.repeat(pieces * 100), 100), 'a');
      return concat.mock.results.reduce((sum, { value }) => sum + value.length, 0);
    };
    expect(await copied(400)).toBeLessThan(2.1 * (await copied(200)));
  });

  test('are refused if one does not end', async () => {
    let sent = 0;
    async function* endless() {
      for (;;) {
        sent += 1 << 20;
        yield Buffer.alloc(1 << 20, 'x\n');
      }
    }
    await expect(found(endless(), 'a')).rejects.toMatchObject({ code: 'INDEX_MALFORMED' });
    expect(sent).toBeLessThanOrEqual(17 << 20);
  });
});
