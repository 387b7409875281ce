import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { ROOT } from '../repository.ts';
import { cloneInto } from './checkout.ts';
import { runWorkflow } from './run.ts';
import { readWorkflow } from './workflow.ts';

// ci.yml from its first step to its last, with its own commands down to npm: what npm starts takes an hour, and is these
// tests. Packages of Debian are not installed.

/** Runs it with an npm that writes down what it is asked for, and fails at some of it. */
async function runCi(fails?: string) {
  const folder = await mkdtemp(join(tmpdir(), 'ci-workflow-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const [programs, asked] = [join(folder, 'bin'), join(folder, 'asked')];
  await mkdir(programs);
  await writeFile(asked, '');
  const npm = `#!/bin/sh\necho "$*" >> ${asked}\n[ "$*" != '${fails}' ]\n`;
  await writeFile(join(programs, 'npm'), npm);
  await chmod(join(programs, 'npm'), 0o755);
  const runs = await runWorkflow(await readWorkflow(resolve(ROOT, '.github/workflows/ci.yml')), {
    folder: await mkdtemp(join(folder, 'run-')),
    checkout: cloneInto,
    contexts: { github: { event_name: 'pull_request', ref: 'refs/pull/1/merge' } },
    environment: { PATH: `${programs}:${process.env.PATH}`, HOME: folder },
    instead: { 'apt-get': async () => undefined },
  });
  return { runs, asked: (await readFile(asked, 'utf8')).trim().split('\n'), home: folder };
}

describe('ci.yml', () => {
  test('runs lint, types and all tests, in a checkout that git trusts', async () => {
    const { runs, asked, home } = await runCi();
    expect(runs.map(({ status }) => status)).toEqual(['success', 'success', 'success', 'success']);
    expect(asked).toEqual(['ci', 'run lint', 'run typecheck', 'run e2e']);
    expect(await readFile(join(home, '.gitconfig'), 'utf8')).toContain('directory = ');
  });

  test.each(['run lint', 'run e2e'])('fails with `npm %s`, and goes no further', async (part) => {
    const { runs, asked } = await runCi(part);
    expect(runs.at(-1)?.status).toBe('failure');
    expect(asked.at(-1)).toBe(part);
  });
});
