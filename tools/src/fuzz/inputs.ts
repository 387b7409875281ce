import fc, { type Arbitrary } from 'fast-check';

/** A document that a reader takes: bytes, text, or a JSON document. */
export type Sample = Buffer | string | object;

/** Inputs that have broken readers before. */
const WORDS = [
  ...[
    '\n',
    '\n\n',
    '\r\n',
    '\0',
    ' ',
    '\t',
    ',',
    ';',
    ':',
    '=',
    '<',
    '>',
    '"',
    '\\',
    '%',
    '{}',
    '[]',
    '(',
    '#',
  ],
  ...[
    '../',
    '/etc/passwd',
    '__proto__',
    'constructor',
    'null',
    '-1',
    '1e400',
    '99999999999999999999',
    '0x10',
  ],
  ...['\u001b[2J', '\u202e', 'é', '\ufeff', 'sha256:../../x', 'http://[', '$x', '$(x)', '*'],
  ...[' '.repeat(5000), 'a'.repeat(5000), ','.repeat(5000), '\n'.repeat(5000), '"\\'.repeat(2500)],
];

const VALUES: readonly unknown[] = [
  ...[
    null,
    true,
    false,
    0,
    -1,
    1.5,
    2 ** 53,
    1e308,
    '',
    'x',
    [],
    {},
    [null],
    [[]],
    { toString: 1 },
    { constructor: {} },
  ],
  ...['../../etc/passwd', '\u001b[2J\n', 'sha256:../../x', `sha256:${'0'.repeat(64)}`, 'a'.repeat(5000)],
];

/** A place, as a share of the length in millionths, so that it stays when other edits shrink. */
const place = fc.nat(999_999);
const at = (length: number, share: number) => Math.floor((length * share) / 1_000_000);

type Edit = (bytes: Buffer) => Buffer;

const splice = (bytes: Buffer, from: number, removed: number, added: Uint8Array) =>
  Buffer.concat([bytes.subarray(0, from), added, bytes.subarray(from + removed)]);

function edit<T>(parameters: Arbitrary<T>, apply: (bytes: Buffer, given: T) => Buffer): Arbitrary<Edit> {
  return parameters.map((given) => (bytes) => apply(bytes, given));
}

const few = fc.uint8Array({ minLength: 1, maxLength: 8 });
const edits: Arbitrary<Edit> = fc.oneof(
  edit(fc.record({ place, bytes: few }), (all, { place, bytes }) =>
    splice(all, at(all.length, place), bytes.length, bytes),
  ),
  edit(fc.record({ place, bytes: few }), (all, { place, bytes }) =>
    splice(all, at(all.length, place), 0, bytes),
  ),
  edit(fc.record({ place, word: fc.constantFrom(...WORDS) }), (all, { place, word }) =>
    splice(all, at(all.length, place), 0, Buffer.from(word)),
  ),
  edit(fc.record({ place, word: fc.constantFrom(...WORDS) }), (all, { place, word }) =>
    splice(all, at(all.length, place), Buffer.byteLength(word), Buffer.from(word)),
  ),
  edit(fc.record({ place, length: fc.integer({ min: 1, max: 64 }) }), (all, { place, length }) =>
    splice(all, at(all.length, place), length, Buffer.alloc(0)),
  ),
  edit(fc.record({ place }), (all, { place }) => all.subarray(0, at(all.length, place))),
  edit(
    fc.record({ place, length: fc.integer({ min: 1, max: 256 }), times: fc.constantFrom(1, 2, 50, 2000) }),
    (all, { place, length, times }) => {
      const from = at(all.length, place);
      const part = all.subarray(from, from + length);
      return splice(all, from, 0, Buffer.concat(Array.from({ length: times }, () => part)));
    },
  ),
);

/** A document with some edits; now and then nothing but noise. */
function bytesOf(samples: readonly Buffer[]): Arbitrary<Buffer> {
  const edited = fc
    .tuple(fc.constantFrom(...samples), fc.array(edits, { minLength: 1, maxLength: 6 }))
    .map(([sample, list]) => list.reduce((bytes, change) => change(bytes), sample));
  return fc.oneof(
    { weight: 19, arbitrary: edited },
    { weight: 1, arbitrary: fc.uint8Array().map(Buffer.from) },
  );
}

/** A JSON document with other values, or none, at some places. */
function jsonOf(samples: readonly object[]): Arbitrary<string> {
  const change = fc.record({
    place,
    value: fc.option(fc.oneof(fc.constantFrom<unknown>(...VALUES), fc.jsonValue({ maxDepth: 2 })), {
      nil: undefined,
    }),
  });
  return fc
    .tuple(fc.constantFrom(...samples), fc.array(change, { minLength: 1, maxLength: 3 }))
    .map(([sample, changes]) => {
      const changed = changes.reduce<unknown>((whole, { place, value }) => {
        const paths = pathsIn(whole);
        return replaced(whole, paths[at(paths.length, place)] ?? [], value);
      }, sample);
      return JSON.stringify(changed ?? null);
    });
}

function pathsIn(value: unknown): string[][] {
  const inside = value !== null && typeof value === 'object' ? Object.entries(value) : [];
  return [[], ...inside.flatMap(([key, one]) => pathsIn(one).map((path) => [key, ...path]))];
}

function replaced(whole: unknown, [key, ...rest]: readonly string[], other: unknown): unknown {
  if (key === undefined) return other;
  if (Array.isArray(whole))
    return whole.map((one, index) => (String(index) === key ? replaced(one, rest, other) : one));
  return Object.fromEntries(
    Object.entries(Object(whole)).map(([name, one]) => [
      name,
      name === key ? replaced(one, rest, other) : one,
    ]),
  );
}

/** An input for a reader: of the kind of its samples. */
export function inputsFrom(samples: readonly Sample[]): Arbitrary<Buffer | string> {
  const bytes = samples.filter((one) => Buffer.isBuffer(one));
  const texts = samples.filter((one) => typeof one === 'string');
  const documents = samples.filter((one) => typeof one === 'object' && !Buffer.isBuffer(one)) as object[];
  return fc.oneof(
    ...(bytes.length > 0 ? [bytesOf(bytes)] : []),
    ...(texts.length > 0 ? [bytesOf(texts.map((text) => Buffer.from(text))).map(String)] : []),
    ...(documents.length > 0 ? [jsonOf(documents)] : []),
  );
}
