import { describe, expect, test } from 'vitest';
import { allBut, endedIn, formatTally, type Report, requiredButSkipped, tallyOf } from './test-report.ts';

/** A report of one file; each test is `suite > title: status`. */
function report(tests: readonly string[], status = 'passed', name = 'a.test.ts'): Report {
  const assertionResults = tests.map((text) => {
    const [, titles = '', ended = ''] = /^(.*): (\w+)$/.exec(text) ?? [];
    const [title = '', ...suites] = titles.split(' > ').reverse();
    return { ancestorTitles: suites.reverse(), title, status: ended };
  });
  return { testResults: [{ name, status, assertionResults }] };
}
const both = (one: Report, other: Report): Report => ({
  testResults: [...one.testResults, ...other.testResults],
});
const WITHOUT_SKOPEO = (need: string) => (need === 'skopeo' ? 'skopeo is not installed' : undefined);
const format = (...tests: string[]) => formatTally(tallyOf(report(tests)), WITHOUT_SKOPEO);

describe('the end of a run', () => {
  test('counts on its last line', () => {
    expect(format('runs: passed', 'breaks: failed', 'waits: skipped').split('\n').at(-1)).toBe(
      '1 passed, 1 failed, 1 skipped',
    );
  });

  test('names what failed, with the beginning of its message and no control characters', () => {
    const failureMessages = ['\x1b[31mAssertionError\x1b[39m: expected 1\n\n  to be 2\x07', 'at a.test.ts:1'];
    const broken = { ancestorTitles: ['suite'], title: 'breaks', status: 'failed', failureMessages };
    const long = { ...broken, title: 'is long', failureMessages: ['line\n'.repeat(100)] };
    const [first, ...others] = formatTally(
      tallyOf({ testResults: [{ name: 'a.test.ts', status: 'failed', assertionResults: [broken, long] }] }),
      WITHOUT_SKOPEO,
    ).split('\nfailed: suite > is long\n');
    expect(first).toBe(
      [
        'failed: suite > breaks',
        '  AssertionError: expected 1',
        '    to be 2\\u{7}',
        '  at a.test.ts:1',
      ].join('\n'),
    );
    expect(others).toEqual([`${'  line\n'.repeat(20)}0 passed, 2 failed, 0 skipped`]);
  });

  test('sums up skips by what the machine lacks, most of them first, with a remedy', () => {
    const text = format(
      'the archive (network): ENOTFOUND > is read: skipped',
      'a registry (docker-registry) > gives to skopeo (skopeo): skipped',
      'a copy (skopeo): skipped',
    );
    expect(text).toBe(
      [
        '2 skipped: need skopeo: skopeo is not installed',
        '  remedy: apt-get install skopeo',
        '1 skipped: need network: ENOTFOUND',
        '  remedy: connect to a mirror of Debian, and: unset OFFLINE',
        '0 passed, 0 failed, 3 skipped',
      ].join('\n'),
    );
  });

  test('takes brackets that name no need for what they are', () => {
    expect(format('cut (-1), twice: skipped')).toBe(
      '1 skipped: not asked for, or for a reason of their own\n0 passed, 0 failed, 1 skipped',
    );
  });

  test.each([
    ['that cannot be loaded', []],
    ['whose preparation fails', ['runs: skipped']],
  ])('counts a file %s as a failure', (_, tests) => {
    const text = formatTally(tallyOf(report(tests, 'failed')), WITHOUT_SKOPEO);
    expect(text).toMatch(/^failed outside its tests: a.test.ts\n/);
    expect(text).toContain('0 passed, 1 failed, ');
  });
});

describe('E2E=required', () => {
  test('allows no skip of what the set-up brings, nor one without a known reason', () => {
    const tests = ['README (root, engine) > runs: skipped', 'it waits: skipped', 'loads (engine): passed'];
    expect(requiredButSkipped(tallyOf(report(tests)))).toEqual(['README (root, engine) > runs', 'it waits']);
  });

  test('allows skips of what no set-up can bring', () => {
    expect(
      requiredButSkipped(tallyOf(report(['reads (network): skipped', 'runs (amd64): skipped']))),
    ).toEqual([]);
  });
});

describe('a run after one on another machine', () => {
  const earlier = endedIn(
    both(
      report(['suite > passes: passed', 'suite > waits: skipped', 'same name: passed', 'fails: failed']),
      report(['same name: skipped'], 'passed', 'b.test.ts'),
    ),
  );

  test('leaves out what ended there, and nothing else', () => {
    const pattern = allBut(earlier);
    const names = ['suite > passes', 'fails', 'suite > waits', 'same name', 'suite > passes twice', 'new'];
    expect(names.filter((name) => pattern.test(name))).toEqual(names.slice(2));
  });

  test('counts it as it ended there', () => {
    const tests = [
      'suite > passes: skipped',
      'suite > waits: passed',
      'fails: skipped',
      'never ran: skipped',
    ];
    const { passed, failed, skipped } = tallyOf(report(tests), earlier);
    expect([passed, failed, skipped].map(({ length }) => length)).toEqual([2, 1, 1]);
  });

  test('shows how it failed there', () => {
    const failed = { ancestorTitles: [], title: 'fails', status: 'failed', failureMessages: ['no answer'] };
    const there = endedIn({
      testResults: [{ name: 'a.test.ts', status: 'failed', assertionResults: [failed] }],
    });
    expect(formatTally(tallyOf(report(['fails: skipped']), there), WITHOUT_SKOPEO)).toBe(
      'failed: fails\n  no answer\n0 passed, 1 failed, 0 skipped',
    );
  });

  test('runs everything where nothing ended', () => {
    expect(allBut(new Map()).test('suite > passes')).toBe(true);
  });
});
