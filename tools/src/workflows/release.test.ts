import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import {
  type DockerRegistry,
  hasDockerRegistry,
  startDockerRegistry,
} from '@qemu-user-static/oci-registry/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ROOT } from '../repository.ts';
import { cloneInto, linkPackages } from './checkout.ts';
import { runWorkflow, type StepRun } from './run.ts';
import { makeMiniature } from './testing/miniature.ts';
import { readWorkflow, type Workflow } from './workflow.ts';

// release.yml from its first step to its last on this machine: its own commands, small packages, registries on loopback.
// Two steps are done another way: `npm ci`, for .ci/run has done it, and `smoke`, for a made emulator runs nothing.

describe.skipIf(!hasDockerRegistry)('release.yml (docker-registry)', () => {
  let folder: string;
  let workflow: Workflow;
  let registries: DockerRegistry[];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'workflow-'));
    workflow = await readWorkflow(resolve(ROOT, '.github/workflows/release.yml'));
    registries = [await startDockerRegistry({ htpasswd: true }), await startDockerRegistry()];
  });
  afterAll(async () => {
    await Promise.all(registries.map((registry) => registry.close()));
    await rm(folder, { recursive: true });
  });

  const PASSWORD = 'hunter2';

  async function run(event: string, inputs: Record<string, unknown>): Promise<StepRun[]> {
    const cache = join(folder, 'cache');
    const repositories = registries.map(({ name }) => `${name}/owner/qemu-user-static`);
    const [locked] = registries.map(({ name }) => name.replace(/\W/g, '_'));
    return runWorkflow(workflow, {
      folder: await mkdtemp(join(folder, 'run-')),
      checkout: async (checkout) => {
        await cloneInto(checkout);
        await makeMiniature(join(checkout, 'sources.lock.json'), join(cache, 'qemu-user-static'));
      },
      contexts: {
        github: { event_name: event, actor: 'octocat', ref: 'refs/heads/main' },
        inputs,
        vars: { REPOSITORIES: repositories.join(',') },
        secrets: { DOCKERHUB_USERNAME: '', DOCKERHUB_TOKEN: '', GITHUB_TOKEN: 'token-of-the-run' },
      },
      environment: {
        PATH: process.env.PATH,
        HOME: folder,
        XDG_CACHE_HOME: cache,
        NX_DAEMON: 'false',
        // Nothing listens there: what is not in the cache is not to be had.
        DEBIAN_MIRROR: 'http://127.0.0.1:1/debian',
        DOCKER_HOST: 'unix:///nowhere',
        [`REGISTRY_USERNAME_${locked}`]: 'me',
        [`REGISTRY_PASSWORD_${locked}`]: PASSWORD,
      },
      instead: { 'npm ci': linkPackages, 'npx image-builder smoke': async () => undefined },
    });
  }

  const failures = (runs: readonly StepRun[]) =>
    runs
      .filter(({ status }) => status === 'failure')
      .map(({ job, step, output }) => `${job}: ${step}\n${output}`);

  test('a dry run sends nothing', async () => {
    const runs = await run('workflow_dispatch', { 'dry-run': true });
    expect(failures(runs)).toEqual([]);
  }, 600_000);
});
