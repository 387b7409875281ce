import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Accepted, accept, parseReason, prune, readAccepted, writeAccepted } from './accepted.ts';
import { regressions } from './gate.ts';
import { column, results, row } from './testing/results.ts';

const NONE: Accepted = { schemaVersion: 1, exceptions: [] };
const REASON = 'QEMU: it has no robust lists';

describe('--accept', () => {
  const failing = results(
    column('latest', '11.1.3', row({ threads: 'fail' }), row({ threads: 'hang' }, { kind: 'dynamic' })),
    column('stable', '10.0.13', row({ threads: 'fail' }, { target: 's390x' })),
  );

  test('lists exactly the programs that fail, so that the gate lets them through and no other', () => {
    const accepted = accept(NONE, 'threads', REASON, failing);
    expect(accepted.exceptions).toEqual([
      {
        case: 'threads',
        fault: 'QEMU',
        because: 'it has no robust lists',
        fails: { latest: { static: ['arm64'], dynamic: ['arm64'] }, stable: { static: ['s390x'] } },
      },
    ]);
    expect(regressions(failing, accepted)).toEqual([]);
    const other = results(column('latest', '11.1.3', row({ threads: 'fail' }, { target: 's390x' })));
    expect(regressions(other, accepted)).toHaveLength(1);
  });

  test('of a host is for that host alone', () => {
    const on = (platform: string) => ({ ...column('latest', '11.1.3', row({ threads: 'fail' })), platform });
    const accepted = accept(NONE, 'threads', REASON, results(on('linux/386')));
    expect(accepted.exceptions[0]?.fails).toEqual({ 'latest on linux/386': { static: ['arm64'] } });
    expect(regressions(results(on('linux/386')), accepted)).toEqual([]);
    expect(regressions(results(on('linux/amd64')), accepted)).toHaveLength(1);
    expect(prune(accepted, results(column('latest', '11.1.3', row({})))).exceptions).toHaveLength(1);
  });

  test('leaves a reason that is there, and adds to the same one', () => {
    const first = accept(
      NONE,
      'threads',
      REASON,
      results(column('latest', '11.1.3', row({ threads: 'fail' }))),
    );
    const more = accept(first, 'threads', REASON, failing);
    expect(more.exceptions).toHaveLength(1);
    const other = accept(first, 'threads', 'kernel: of another kind', failing);
    expect(other.exceptions.map(({ fault }) => fault).sort()).toEqual(['QEMU', 'kernel']);
    expect(other.exceptions.find(({ fault }) => fault === 'kernel')?.fails).toEqual({
      latest: { dynamic: ['arm64'] },
      stable: { static: ['s390x'] },
    });
  });

  test('does nothing for a case that passes', () => {
    expect(accept(NONE, 'start', REASON, failing)).toBe(NONE);
  });
});

describe('a reason', () => {
  test('says whose fault it is, and where that is known', () => {
    expect(parseReason('c library: a fault of its start (https://example.org/1)')).toEqual({
      fault: 'C library',
      because: 'a fault of its start',
      bug: 'https://example.org/1',
    });
    expect(parseReason(REASON)).toEqual({ fault: 'QEMU', because: 'it has no robust lists' });
  });

  test.each(['', 'it fails', 'QEMU: no', 'users: they do it wrong'])('%j is none', (text) => {
    expect(() => parseReason(text)).toThrow(
      expect.objectContaining({ code: 'REASON_INVALID', message: JSON.stringify(text) }),
    );
  });
});

describe('--save', () => {
  const accepted = accept(
    NONE,
    'threads',
    REASON,
    results(
      column('latest', '11.1.3', row({ threads: 'fail' }), row({ threads: 'fail' }, { target: 'sh4' })),
    ),
  );

  test('drops what passes, and keeps what fails or was not run', () => {
    const now = results(column('latest', '11.2.0', row({})));
    expect(prune(accepted, now).exceptions[0]?.fails).toEqual({ latest: { static: ['sh4'] } });
  });

  test('keeps what was skipped, and what another run left out', () => {
    const skipped = results(column('latest', '11.2.0', row({ threads: 'skipped' })));
    expect(prune(accepted, skipped)).toEqual(accepted);
    const { threads: _, ...cases } = skipped.cases;
    expect(prune(accepted, { ...results(column('latest', '11.2.0', row({}))), cases })).toEqual(accepted);
  });
});

describe('conformance.json', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'accepted-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  test('is read as it was written', async () => {
    const file = join(folder, 'written.json');
    const accepted = accept(
      NONE,
      'threads',
      REASON,
      results(column('latest', '1', row({ threads: 'fail' }))),
    );
    await writeAccepted(accepted, file);
    expect(await readAccepted(file)).toEqual(accepted);
  });

  test('with a failure that has no reason is refused, by name', async () => {
    const file = join(folder, 'wrong.json');
    const wrong = { schemaVersion: 1, exceptions: [{ case: 'threads', fault: 'QEMU', fails: {} }] };
    await writeFile(file, JSON.stringify(wrong));
    await expect(readAccepted(file)).rejects.toThrow(/wrong\.json[\s\S]*because/);
  });
});
