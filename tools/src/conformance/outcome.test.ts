import { expect, test } from 'vitest';
import { resultOf } from './outcome.ts';
import { runUntilSure } from './run-cases.ts';

const ended = (status: number | undefined, stderr = '') => ({
  status,
  wall: 1,
  cpu: 0.5,
  stdout: '',
  stderr,
});
const outcomeOf = (status: number | undefined, stderr?: string) => {
  const { outcome, detail } = resultOf(ended(status, stderr), 90);
  return `${outcome} ${detail}`.trim();
};

test.each([
  [0, '', 'pass'],
  [1, 'threads.c:1: got 1, expected 2\n', 'fail threads.c:1: got 1, expected 2'],
  [77, 'clone3: Function not implemented\n', 'absent clone3: Function not implemented'],
  [139, 'qemu: uncaught target signal 11', 'crash SIGSEGV: qemu: uncaught target signal 11'],
  [134, '', 'crash SIGABRT'],
  [126, 'bash: Permission denied', 'fail ended with status 126: bash: Permission denied'],
  [undefined, '', 'hang not ended after 90 s'],
])('status %j, with %j on stderr: %s', (status, stderr, expected) => {
  expect(outcomeOf(status, stderr)).toBe(expected);
});

test('another status may be success', () => {
  expect(resultOf(ended(42), 90, 42).outcome).toBe('pass');
  expect(resultOf(ended(0), 90, 42).outcome).toBe('fail');
});

test('what a program printed reaches no terminal raw, and is cut', () => {
  const { detail } = resultOf(ended(1, `\u001b[2J${'x'.repeat(1000)}`), 90);
  expect(detail).not.toContain('\u001b');
  expect(detail.length).toBeLessThanOrEqual(300);
});

test('of an emulator that describes its state, the first line is kept', () => {
  const { detail } = resultOf(ended(134, 'ERROR: assertion failed\nr0 0\nr1 1\nr2 2\nr3 3\n'), 90);
  expect(detail).toBe('SIGABRT: ERROR: assertion failed');
});

const inTurn = (...statuses: (number | undefined)[]) => {
  let runs = 0;
  const run = async () => resultOf(ended(statuses[runs++]), 90);
  return { run, runs: () => runs };
};

test('a case that passes runs once, one that fails three times, one that hangs twice', async () => {
  for (const [status, expected] of [
    [0, 1],
    [77, 1],
    [1, 3],
    [139, 3],
    [undefined, 2],
  ] as const) {
    const { run, runs } = inTurn(status, status, status, status);
    await runUntilSure(run);
    expect(runs()).toBe(expected);
  }
});

test('one that fails in some runs is counted: seldom is unstable, often is a failure', async () => {
  const well = Array.from({ length: 20 }, () => 0);
  const seldom = inTurn(139, 139, ...well);
  expect(await runUntilSure(seldom.run)).toMatchObject({
    outcome: 'unstable',
    detail: 'failed in 2 of 20 runs: crash: SIGSEGV',
  });
  expect(seldom.runs()).toBe(20);
  const often = inTurn(139, 0, 139, 0, 1, ...well);
  expect(await runUntilSure(often.run)).toMatchObject({
    outcome: 'crash',
    detail: 'failed in 3 of 20 runs: crash: SIGSEGV',
  });
});
