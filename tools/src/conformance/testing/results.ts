import type { Outcome } from '../outcome.ts';
import type { ColumnResults, Results, RowResults } from '../results.ts';

/** A row of `arm64 static` in which these cases did not pass. */
export function row(
  others: Readonly<Record<string, Outcome>>,
  more: Partial<Pick<RowResults, 'target' | 'guest' | 'kind' | 'work'>> = {},
): RowResults {
  const failed = Object.entries(others).map(([name, outcome]) => [
    name,
    { outcome, detail: `it did ${outcome}` },
  ]);
  return {
    ...{ target: 'arm64', guest: 'aarch64', kind: 'static', passed: 3 - failed.length, seconds: 1, work: {} },
    others: Object.fromEntries(failed),
    ...more,
  };
}

export function column(channel: string, version: string, ...rows: RowResults[]): ColumnResults {
  return { channel, platform: 'linux/amd64', version, debian: `1:${version}+ds-1`, rows };
}

/** Results of three cases. */
export function results(...columns: ColumnResults[]): Results {
  return {
    ...{ schemaVersion: 1, date: '2026-01-02', machine: 'a machine', programs: 'a C library', columns },
    cases: { start: 'it begins', threads: 'eight threads', 'work-calls': 'system calls' },
    native: { 'work-calls': 0.5 },
  };
}
