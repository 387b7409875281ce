import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { projectFiles, ROOT } from '../repository.ts';
import { type Accepted, outOfDate, sortOut } from './accepted.ts';
import { areasOf } from './areas.ts';
import { codeAmong } from './changed.ts';
import type { Mutant } from './mutant.ts';
import { isTooLow, percentOf, type Score, withScores } from './scores.ts';
import { mutantsOf } from './stryker.ts';

const areas = areasOf(ROOT);
const areaNamed = (name: string) => {
  const found = areas.find((area) => area.name === name);
  if (found === undefined) throw new Error(name);
  return found;
};
const mutant = (change: Partial<Mutant>): Mutant => ({
  file: 'libs/lock/src/lock.ts',
  line: 1,
  column: 1,
  code: 'if (a < b) return;',
  becomes: 'a <= b',
  operator: 'EqualityOperator',
  status: 'Survived',
  ...change,
});

describe('folders', () => {
  test('every file of a library, of a room and of the register script is altered in one of them', () => {
    const code = projectFiles('libs', 'apps').filter((file) => /\/src\/.*\/?[\w-]+\.(ts|sh)$/.test(file));
    const altered = areas.flatMap((area) => codeAmong(area, code));
    expect(altered.length).toBe(new Set(altered).size);
    const left = code.filter(
      (file) =>
        !altered.includes(file) && !/\.test\.ts$|\/(testing|bench)\/|\/errors\.ts$|-worker\.ts$/.test(file),
    );
    expect(left).toEqual(['apps/image-builder/src/program.ts']);
  });

  test('of changed files, only code is altered', () => {
    const changed = [
      'README.md',
      'libs/lock/src/lock.test.ts',
      'libs/lock/src/lock.ts',
      'libs/http/src/retry.ts',
    ];
    expect(codeAmong(areaNamed('libs/lock'), changed)).toEqual(['libs/lock/src/lock.ts']);
    expect(codeAmong(areaNamed('register/script'), changed)).toEqual([]);
  });
});

describe('survivors', () => {
  const entry: Accepted = {
    file: 'libs/lock/src/lock.ts',
    code: 'if (a < b) return;',
    becomes: 'a <= b',
    reason: 'They are never equal.',
  };

  test('those that are listed are accepted, and no others', () => {
    const other = mutant({ becomes: 'true' });
    const killed = mutant({ status: 'Killed' });
    expect(sortOut([mutant({}), other, killed], [entry])).toEqual({ accepted: [mutant({})], left: [other] });
  });

  test('code that no test reaches is left as well', () => {
    const unreached = mutant({ status: 'NoCoverage' });
    expect(sortOut([unreached], [])).toEqual({ accepted: [], left: [unreached] });
  });

  test.each([
    ['a test notices it now', [mutant({ status: 'Killed' })], [entry]],
    ['its code has changed', [mutant({ code: 'if (a > b) return;' })], [entry]],
    ['it survives', [mutant({})], []],
    ['its file was not altered', [mutant({ file: 'libs/lock/src/other.ts' })], []],
  ])('an entry is out of date, or not: %s', (_, mutants, expected) => {
    expect(outOfDate(mutants, [entry])).toEqual(expected);
  });

  test('each listed one has a reason, and its line is in its file', () => {
    const text = readFileSync(resolve(import.meta.dirname, 'accepted.json'), 'utf8');
    for (const { file, code, reason } of JSON.parse(text) as Accepted[]) {
      const lines = readFileSync(resolve(ROOT, file), 'utf8').split('\n');
      expect(lines.map((line) => line.trim())).toContain(code);
      expect(reason).toMatch(/^[A-Z].*\.$/);
    }
  });
});

describe('scores', () => {
  const score: Score = { name: 'libs/lock', altered: 100, noticed: 80, accepted: 11, least: 90 };

  test('accepted survivors count neither way, and the score is never rounded up', () => {
    expect(percentOf(score)).toBe(89.8);
    expect(isTooLow(score)).toBe(true);
    expect(isTooLow({ ...score, noticed: 81 })).toBe(false);
    expect(percentOf({ ...score, altered: 0, noticed: 0, accepted: 0 })).toBe(100);
  });

  test('a run writes the rows of its folders, in order; others stay, and those of folders that are gone do not', () => {
    const page = `before\n<!-- scores: \`npm run mutants -- --save\` writes this table -->

| folder | altered |
|---|---|
| libs/http | 5 |
| libs/lock | 5 |
| libs/gone | 5 |

<!-- /scores -->\nafter\n`;
    const written = withScores(page, [score], ['libs/errors', 'libs/http', 'libs/lock']);
    expect(written.split('\n').filter((line) => line.startsWith('| libs'))).toEqual([
      '| libs/http | 5 |',
      '| libs/lock | 100 | 80 | 11 | 9 | 89.8 % | 90 % |',
    ]);
    expect(written).toMatch(/^before\n<!-- scores/);
    expect(written).toMatch(/<!-- \/scores -->\nafter\n$/);
    expect(withScores(written, [], ['libs/http', 'libs/lock'])).toBe(written);
  });

  test('a page without the marks is refused', () => {
    expect(() => withScores('# Tests', [score], [])).toThrow('has no lines');
  });
});

test('a report of Stryker gives the places that count, in the order of the file', () => {
  const at = (line: number, status: string) => ({
    mutatorName: 'BlockStatement',
    replacement: '{\n}',
    status,
    location: { start: { line, column: 3 } },
  });
  const files = {
    'a.ts': { source: 'one();\n  two();\n', mutants: [at(2, 'Survived'), at(1, 'Killed'), at(1, 'Ignored')] },
    'b.ts': { source: '', mutants: [at(1, 'Survived')] },
  };
  expect(
    mutantsOf({ files }, ['a.ts']).map(({ line, code, becomes, status }) => [line, code, becomes, status]),
  ).toEqual([
    [1, 'one();', '{ }', 'Killed'],
    [2, 'two();', '{ }', 'Survived'],
  ]);
});
