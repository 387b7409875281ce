import { expect, test } from 'vitest';
import { bugReport } from './report.ts';
import { column, results, row } from './testing/results.ts';

const FOUND = results(
  column('latest', '11.1.3', row({ threads: 'crash' })),
  column('stable', '10.0.13', row({})),
);
const SAVED = results(
  column('oldstable', '7.2', row({}), row({}, { target: 's390x', guest: 's390x' })),
  column('latest', '11.1.3', row({})),
);

test('a bug report has versions, commands, what was expected, what came, and where it passes', () => {
  const text = bugReport(FOUND, 'threads', SAVED);
  expect(text).toContain('Title: qemu-aarch64: eight threads: crash');
  expect(text).toContain('- QEMU: 11.1.3, Debian’s package 1:11.1.3+ds-1');
  expect(text).toContain('- QEMU 11.1.3, arm64 (static): crash: it did crash');
  expect(text).toContain('The check ends with status 0, as the same program does natively.');
  expect(text).toContain('aarch64-linux-gnu-gcc -std=gnu17 -O2 ');
  expect(text).toContain('qemu-aarch64 ./checks threads; echo "status $?"');
  expect(text).toContain(
    'npm run conformance -- --version latest --guest arm64 --linking static --case threads',
  );
});

test('versions that did not run now are taken from the saved results, and only for the program that fails', () => {
  const text = bugReport(FOUND, 'threads', SAVED);
  expect(text).toMatch(
    /It passes under:\n\n- QEMU 10\.0\.13 \(stable\): arm64 static\n- QEMU 7\.2 \(oldstable\): arm64 static\n\n/,
  );
});

test('an emulator that someone built is named, also in the command', () => {
  const built = { ...column('latest', '11.1.3', row({ threads: 'crash' })), emulator: '/tmp/my qemu' };
  const text = bugReport(results(built), 'threads', SAVED);
  expect(text).toContain('- QEMU: 11.1.3, the program /tmp/my qemu');
  expect(text).toContain("--linking static --emulator '/tmp/my qemu' --case threads");
  expect(text).toContain('- QEMU 11.1.3 (latest): arm64 static');
});

test('of a program with the C library beside it, the commands have its folder', () => {
  const found = results(column('latest', '11.1.3', row({ threads: 'crash' }, { kind: 'dynamic' })));
  expect(bugReport(found, 'threads', SAVED)).toContain(
    'qemu-aarch64 -L /usr/aarch64-linux-gnu ./checks threads',
  );
});

test('a case that passes gives no report', () => {
  expect(bugReport(FOUND, 'work-calls', SAVED)).toContain('does not fail');
});
