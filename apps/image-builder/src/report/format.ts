/** Bytes as a person reads them, in steps of a thousand: `27.3 MB`. */
export function megabytes(bytes: number): string {
  if (bytes < 100_000) return `${(bytes / 1000).toFixed(1)} kB`;
  return `${(bytes / 1_000_000).toFixed(bytes < 100_000_000 ? 1 : 0)} MB`;
}

/** The least and the most of some sizes: `95.7–109 MB`; a dash without sizes. */
export function megabytesRange(sizes: readonly number[]): string {
  if (sizes.length === 0) return '–';
  const least = megabytes(Math.min(...sizes));
  const most = megabytes(Math.max(...sizes));
  if (least === most) return least;
  const [number, unit] = least.split(' ');
  return most.endsWith(` ${unit}`) ? `${number}–${most}` : `${least}–${most}`;
}

/** Rows as columns of equal width, two spaces between; the first row is the heading. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? '').length)),
  );
  const format = (row: readonly string[]) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd();
  const [heading = [], ...body] = rows;
  return [format(heading), widths.map((width) => '─'.repeat(width)).join('  '), ...body.map(format)].join(
    '\n',
  );
}

/** Text broken between words into lines of at most `width` characters; further lines are indented by two spaces. */
export function wrapped(text: string, width: number): string {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (longer.length > width && line !== '') {
      lines.push(line);
      line = `  ${word}`;
    } else line = longer;
  }
  return [...lines, line].join('\n');
}
