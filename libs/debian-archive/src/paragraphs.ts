/**
 * A control file of many paragraphs in pieces that end between two of them; each begins and ends with a newline.
 * An index has 60,000 paragraphs of which a few are wanted, so that they are searched before they are parsed.
 */
export async function* wholeParagraphs(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  let rest: Buffer = Buffer.from('\n');
  for await (const chunk of chunks) {
    const text = Buffer.concat([rest, chunk]);
    const end = text.lastIndexOf('\n\n');
    if (end === -1) {
      rest = text;
      continue;
    }
    yield text.subarray(0, end + 1);
    rest = text.subarray(end + 1);
  }
  yield rest;
}

/**
 * The paragraphs of a package. A line that begins with `Package:` is always that field: other lines of a value
 * begin with a space.
 */
export function* paragraphsOf(text: Buffer, name: string): Generator<string> {
  const line = `\nPackage: ${name}\n`;
  for (let at = text.indexOf(line); at !== -1; at = text.indexOf(line, at + 1)) {
    const start = text.lastIndexOf('\n\n', at);
    const end = text.indexOf('\n\n', at);
    yield text.toString('utf8', start === -1 ? 0 : start, end === -1 ? undefined : end);
  }
}
