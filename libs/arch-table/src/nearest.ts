/**
 * 2 for each letter that must be put in, taken out or changed to make `b` of `a`, and 1 for two neighbours to
 * swap, the likeliest slip (optimal string alignment).
 */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, column) => 2 * column);
  let earlier = row;
  for (let i = 1; i <= a.length; i++) {
    const next = [2 * i];
    for (let j = 1; j <= b.length; j++) {
      const change = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 2);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const swap = swapped ? (earlier[j - 2] ?? 0) + 1 : Number.POSITIVE_INFINITY;
      next.push(Math.min(change, swap, (row[j] ?? 0) + 2, (next[j - 1] ?? 0) + 2));
    }
    [earlier, row] = [row, next];
  }
  return row[b.length] ?? 0;
}

/** The candidate most like `word`, or null if none is so near that a slip of the finger explains it. */
export function nearest(word: string, candidates: readonly string[]): string | null {
  const tolerance = 2 * Math.max(1, Math.floor(word.length / 3));
  let best: { name: string; distance: number } | null = null;
  for (const name of candidates) {
    const d = distance(word.toLowerCase(), name.toLowerCase());
    if (d <= tolerance && (best === null || d < best.distance)) best = { name, distance: d };
  }
  return best?.name ?? null;
}
