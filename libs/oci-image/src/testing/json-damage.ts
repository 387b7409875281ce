import type { Json } from './alter-layout.ts';

/** Values that outside data may have in place of anything. */
const VALUES: readonly unknown[] = [
  null,
  true,
  -1,
  1.5,
  1e308,
  '',
  'x',
  'sha256:../../../../etc/passwd',
  `sha256:${'0'.repeat(64)}`,
  [],
  [null],
  {},
  { toString: 1 },
];

/** One place of a document, and what is done to it. */
export interface JsonDamage {
  /** Such as `layers.0.digest = null`. */
  readonly name: string;
  /** The damaged copy. */
  apply(value: Json): unknown;
}

/** Every place of a JSON document, damaged in every way: taken away, or with something else in its place. */
export function jsonDamage(value: Json): JsonDamage[] {
  return pathsIn(value).flatMap((path) => {
    const changed = VALUES.map((other) => ({
      name: `${path.join('.') || 'all'} = ${JSON.stringify(other)}`,
      apply: (whole: Json) => replaced(whole, path, other),
    }));
    const removed = {
      name: `${path.join('.')} removed`,
      apply: (whole: Json) => replaced(whole, path, undefined),
    };
    return path.length === 0 ? changed : [...changed, removed];
  });
}

function pathsIn(value: Json): string[][] {
  const inside = value !== null && typeof value === 'object' ? Object.entries(value) : [];
  return [[], ...inside.flatMap(([key, one]) => pathsIn(one).map((path) => [key, ...path]))];
}

function replaced(whole: Json, [key, ...rest]: readonly string[], other: unknown): unknown {
  if (key === undefined) return other;
  if (whole === null || typeof whole !== 'object') return whole;
  const copy = Array.isArray(whole) ? [...whole] : { ...whole };
  const value = replaced(whole[key as never], rest, other);
  if (value === undefined && Array.isArray(copy)) copy.splice(Number(key), 1);
  else if (value === undefined) delete copy[key as never];
  else copy[key as never] = value as never;
  return copy;
}
