import { ArchiveError } from './errors.ts';

/** In bytes. The longest paragraph of sid's indexes has less than 1 MB. */
const LONGEST_PARAGRAPH = 16 << 20;

/**
 * A control file of many paragraphs in pieces that end between two of them; each begins and ends with a newline.
 * An index has 60,000 paragraphs of which a few are wanted, so that they are searched before they are parsed.
 *
 * @throws ArchiveError INDEX_MALFORMED for a paragraph of more than 16 MiB
 */
export async function* wholeParagraphs(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  // The beginning of a paragraph is joined once, when its end has come: its length may be many chunks.
  let begun: Uint8Array[] = [Buffer.from('\n')];
  let length = 1;
  for await (const chunk of chunks) {
    if (chunk.length === 0) continue;
    const end = endIn(chunk, begun.at(-1));
    if (end === -1) {
      begun.push(chunk);
      length += chunk.length;
      if (length > LONGEST_PARAGRAPH) {
        throw new ArchiveError('INDEX_MALFORMED', `a paragraph has more than ${LONGEST_PARAGRAPH} bytes`);
      }
      continue;
    }
    yield Buffer.concat([...begun, chunk.subarray(0, end)]);
    begun = [chunk.subarray(end)];
    length = chunk.length - end;
  }
  yield Buffer.concat(begun);
}

/** Behind the first of the last two newlines in a row, of which the first may be the end of the chunk before; or -1. */
function endIn(chunk: Uint8Array, before: Uint8Array | undefined): number {
  const at = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length).lastIndexOf('\n\n');
  if (at !== -1) return at + 1;
  return before?.at(-1) === NEWLINE && chunk[0] === NEWLINE ? 0 : -1;
}

const NEWLINE = 0x0a;

/**
 * The paragraphs of a package. A line that begins with `Package:` is always that field: other lines of a value
 * begin with a space.
 */
export function* paragraphsOf(text: Buffer, name: string): Generator<string> {
  const line = `\nPackage: ${name}\n`;
  for (let at = text.indexOf(line); at !== -1; at = text.indexOf(line, at + 1)) {
    const start = text.lastIndexOf('\n\n', at);
    const end = text.indexOf('\n\n', at);
    yield text.toString('utf8', Math.max(0, start), end === -1 ? undefined : end);
  }
}
