import { expect, test } from 'vitest';
import { formatTally, type Report, requiredButSkipped } from './test-report.ts';

const report = (counts: Partial<Report>): Report => ({
  numPassedTests: 0,
  numFailedTests: 0,
  numPendingTests: 0,
  numTodoTests: 0,
  testResults: [],
  ...counts,
});

test('the last line counts, those above name what was skipped', () => {
  const assertionResults = [
    { fullName: 'runs', status: 'passed' },
    { fullName: 'reads the archive (network)', status: 'skipped' },
  ];
  const testResults = [{ name: 'a.test.ts', status: 'passed', assertionResults }];
  expect(formatTally(report({ numPassedTests: 1, numPendingTests: 1, testResults }))).toBe(
    'skipped: reads the archive (network)\n1 passed, 0 failed, 1 skipped',
  );
});

test.each([
  ['that cannot be loaded', []],
  ['whose preparation fails', [{ fullName: 'runs', status: 'skipped' }]],
])('a file %s counts as a failure', (_, assertionResults) => {
  const testResults = [{ name: 'b.test.ts', status: 'failed', assertionResults }];
  expect(formatTally(report({ testResults }))).toMatch(
    /^failed outside its tests: b.test.ts\n(.*\n)*0 passed, 1 failed, 0 skipped$/m,
  );
});

test('what needs root or an engine is named where it is skipped', () => {
  const assertionResults = [
    { fullName: 'the README (root, engine) runs', status: 'skipped' },
    { fullName: 'loads (engine)', status: 'passed' },
    { fullName: 'reads the archive (network)', status: 'skipped' },
  ];
  const testResults = [{ name: 'a.test.ts', status: 'passed', assertionResults }];
  expect(requiredButSkipped(report({ testResults }))).toEqual(['the README (root, engine) runs']);
});
