import { expect, test } from 'vitest';
import type { Accepted } from './accepted.ts';
import { amongKnown, commandFor, formatGate, regressions } from './gate.ts';
import { column, results, row } from './testing/results.ts';

const KNOWN: Accepted = {
  schemaVersion: 1,
  exceptions: [
    {
      case: 'threads',
      fault: 'QEMU',
      because: 'a reason of some length',
      fails: { latest: { static: ['sh4'] }, stable: { static: ['arm64'] } },
    },
  ],
};

test('a case that fails and is not accepted stops the gate, which names guest, case, program, and the command', () => {
  const found = results(column('latest', '11.1.3', row({ threads: 'hang' })));
  const stopped = regressions(found, KNOWN);
  expect(stopped).toHaveLength(1);
  const text = formatGate(stopped, found);
  expect(text).toContain(
    'latest (QEMU 11.1.3), guest aarch64, arm64 static, case threads: hang: it did hang',
  );
  expect(text).toContain(
    'npm run conformance -- --version latest --guest arm64 --linking static --case threads',
  );
  expect(text).toContain('npm run conformance -- --accept threads --because');
});

test.each([
  ['the same failure of another channel', column('stable', '10.0.13', row({ threads: 'crash' }))],
  [
    'the same failure of the guest that has it',
    column('latest', '11.1.3', row({ threads: 'fail' }, { target: 'sh4' })),
  ],
  ['a system call that is not there', column('latest', '11.1.3', row({ threads: 'absent' }))],
  [
    'a failure that comes seldom, for the next run would find another',
    column('latest', '11.1.3', row({ threads: 'unstable' })),
  ],
  [
    'a case that was not run, since its program does not start',
    column('stable', '10.0.13', row({ threads: 'skipped' })),
  ],
])('%s is let through', (_, one) => {
  expect(regressions(results(one), KNOWN)).toEqual([]);
});

test('a program that does not start any more is one failure, of its start', () => {
  const found = results(column('latest', '11.1.3', row({ start: 'crash', threads: 'skipped' })));
  expect(regressions(found, KNOWN).map((one) => one.case)).toEqual(['start']);
});

test('the command for another host platform names it', () => {
  const [place] = regressions(
    results({ ...column('latest', '10.2.2', row({ threads: 'fail' })), platform: 'linux/386' }),
    KNOWN,
  );
  expect(place && commandFor(place)).toContain('--platform linux/386');
});

test('with nothing new it says so', () => {
  expect(formatGate([], results(column('latest', '11.1.3', row({}))))).toBe(
    'conformance: latest (QEMU 11.1.3): nothing fails that is not in conformance.json',
  );
});

test('a program that no saved run has stops nothing: nothing of it passed before', () => {
  const found = regressions(
    results(column('latest', '11.2.0', row({ start: 'fail' }), row({ start: 'fail' }, { kind: 'dynamic' }))),
    KNOWN,
  );
  const before = results(
    column('latest', '11.1.3', row({})),
    column('stable', '10.0.13', row({}, { kind: 'dynamic' })),
  );
  expect(amongKnown(found, before).map(({ kind }) => kind)).toEqual(['static']);
});
