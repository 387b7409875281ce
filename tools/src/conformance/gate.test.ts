import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { readGates } from '@qemu-user-static/image-builder/gate';
import { expect, onTestFinished, test } from 'vitest';
import type { Accepted } from './accepted.ts';
import { amongKnown, commandFor, formatGate, likeTheirChannels, regressions, verdictOn } from './gate.ts';
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
  const text = formatGate(verdictOn(found, KNOWN));
  expect(text).toContain(
    'latest (QEMU 11.1.3), guest aarch64, arm64 static, case threads: hang: it did hang',
  );
  expect(text).toContain(
    'npm run conformance -- --version latest --guest arm64 --linking static --case threads',
  );
  expect(text).toContain('npm run conformance -- --version latest --accept threads --because');
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
  expect(formatGate(verdictOn(results(column('latest', '11.1.3', row({}))), KNOWN))).toBe(
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

test('a verdict has what ran, what fails with its command, and what passes again', () => {
  const found = results(
    column('latest', '11.2.0', row({ start: 'crash' }), row({}, { target: 'sh4', guest: 'sh4' })),
  );
  const verdict = verdictOn(found, KNOWN, results(column('latest', '11.1.3', row({}))));
  expect(verdict.columns).toEqual([
    { channel: 'latest', platform: 'linux/amd64', version: '11.2.0', debian: '1:11.2.0+ds-1' },
  ]);
  expect(verdict.failures).toEqual([
    {
      ...{ channel: 'latest', platform: 'linux/amd64', version: '11.2.0', guest: 'aarch64', target: 'arm64' },
      ...{ kind: 'static', case: 'start', what: 'it begins', outcome: 'crash', detail: 'it did crash' },
      command: 'npm run conformance -- --version latest --guest arm64 --linking static --case start',
    },
  ]);
  expect(verdict.fixed.map(({ target, case: name }) => [target, name])).toEqual([['sh4', 'threads']]);
  expect(formatGate(verdict)).toMatch(
    /\nnow passes: latest, sh4 static, case threads; npm run conformance -- --save/,
  );
});

test('a verdict is one that a release reads', async () => {
  const file = join(await mkdtemp(join(tmpdir(), 'gate-')), 'gate.json');
  onTestFinished(() => rm(dirname(file), { recursive: true }));
  const verdict = verdictOn(results(column('latest', '11.2.0', row({ threads: 'hang' }))), KNOWN);
  await writeFile(file, JSON.stringify(verdict));
  expect(await readGates([file])).toEqual(verdict);
});

test('what fails under packages on their way is judged as under the channel that they come into', () => {
  const found = results(
    column('experimental', '11.2.0', row({ threads: 'hang' }), row({ threads: 'hang' }, { target: 'sh4' })),
  );
  const known = likeTheirChannels(
    [{ channel: 'latest', suite: 'experimental', platform: 'linux/amd64' }],
    KNOWN,
  );
  expect(regressions(found, known).map(({ target }) => target)).toEqual(['arm64']);
});
