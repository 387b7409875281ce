/** The part of vitest's JSON report that is used. https://vitest.dev/guide/reporters#json-reporter */
export interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly assertionResults: readonly { readonly fullName: string; readonly status: string }[];
  }[];
}

/** Tests that were skipped though they were required: those whose name says that they need root or an engine. */
export function requiredButSkipped(report: Report): string[] {
  return report.testResults
    .flatMap(({ assertionResults }) => assertionResults)
    .filter(
      ({ status, fullName }) => status === 'skipped' && /\([^)]*\b(root|engine)\b[^)]*\)/.test(fullName),
    )
    .map(({ fullName }) => fullName);
}

/** What was skipped, by name (a name says what the test needs), and the count as the last line. */
export function formatTally(report: Report): string {
  const all = report.testResults.flatMap(({ assertionResults }) => assertionResults);
  const skipped = all.filter(
    ({ status }) => status === 'skipped' || status === 'pending' || status === 'todo',
  );
  // A file that cannot be loaded, or whose preparation fails, has no failed test to count, and is a failure all the same.
  const broken = report.testResults.filter(
    ({ status, assertionResults }) =>
      status === 'failed' && assertionResults.every((test) => test.status !== 'failed'),
  );
  return [
    ...broken.map(({ name }) => `failed outside its tests: ${name}`),
    ...skipped.map(({ fullName }) => `skipped: ${fullName}`),
    `${report.numPassedTests} passed, ${report.numFailedTests + broken.length} failed, ${report.numPendingTests + report.numTodoTests} skipped`,
  ].join('\n');
}
