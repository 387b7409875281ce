import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { startGitHub } from '@qemu-user-static/github/testing';
import { expect, onTestFinished, test } from 'vitest';
import { ROOT } from '../repository.ts';
import { cloneInto, linkPackages } from './checkout.ts';
import { runWorkflow } from './run.ts';
import { readWorkflow } from './workflow.ts';

test.skipIf(process.env.OFFLINE)(
  'track.yml follows the real archive, and reports to a GitHub on loopback at most one thing of a kind (network)',
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'track-workflow-'));
    const gitHub = await startGitHub();
    onTestFinished(async () => {
      await gitHub.close();
      await rm(folder, { recursive: true });
    });
    const repository = gitHub.repository('owner/qemu-user-static');
    const lock = await readFile(resolve(ROOT, 'sources.lock.json'), 'utf8');
    repository.push(repository.defaultBranch, 'first', { 'sources.lock.json': lock });

    const upstream = gitHub.repository('qemu/qemu');
    const release = upstream.commit({ message: 'v11.1.3', tree: '', parents: [] });
    upstream.refs.set('tags/v11.1.3', release);

    const run = async () =>
      runWorkflow(await readWorkflow(resolve(ROOT, '.github/workflows/track.yml')), {
        folder: await mkdtemp(join(folder, 'run-')),
        checkout: cloneInto,
        contexts: {
          github: { event_name: 'schedule', run_id: 1, ref: 'refs/heads/main' },
          secrets: { GITHUB_TOKEN: 'token-of-the-run' },
        },
        environment: {
          ...process.env,
          GITHUB_API_URL: gitHub.url,
          GITHUB_REPOSITORY: 'owner/qemu-user-static',
        },
        instead: {
          'npm ci': linkPackages,
          // Without a verdict: the pull request says so.
          'apt-get ': async () => undefined,
          'mkdir -p dist': async () => undefined,
          'npm run conformance ': async () => 'failure',
        },
      });
    const runs = [...(await run()), ...(await run())];
    expect(runs.filter(({ job, status }) => job === 'track' && status === 'failure')).toEqual([]);
    expect(runs.filter(({ job, step }) => job === 'track' && step === 'track')).toHaveLength(2);
    expect(runs.filter(({ output }) => output.includes('token-of-the-run'))).toEqual([]);
    // Twice the same: what the first run filed, the second found.
    for (const isRequest of [true, false])
      expect(
        repository.threads.filter((thread) => 'head' in thread === isRequest).length,
      ).toBeLessThanOrEqual(1);
  },
  300_000,
);
