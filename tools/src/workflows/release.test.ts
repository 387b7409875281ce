import { generateKeyPairSync } from 'node:crypto';
import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type GitHubServer, startGitHub } from '@qemu-user-static/github/testing';
import type { GateFailure } from '@qemu-user-static/image-builder/gate';
import { gateFile, HUNG } from '@qemu-user-static/image-builder/testing';
import { readLock } from '@qemu-user-static/lock';
import {
  type DockerRegistry,
  hasDockerRegistry,
  startDockerRegistry,
} from '@qemu-user-static/oci-registry/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ROOT } from '../repository.ts';
import { cloneInto, linkPackages } from './checkout.ts';
import type { Status } from './expressions.ts';
import { type Machine, runWorkflow, type StepRun } from './run.ts';
import { makeMiniature } from './testing/miniature.ts';
import { type Job, readWorkflow, type Workflow } from './workflow.ts';

// release.yml from its first step to its last on this machine: its own commands, small packages, registries on loopback.
// Some steps are done another way: `npm ci`, for .ci/run has done it, and `smoke` and the checks of guest programs, for a made
// emulator runs nothing.

const REPOSITORY = 'owner/qemu-user-static';
const SECRETS = {
  DOCKERHUB_USERNAME: 'octocat',
  DOCKERHUB_TOKEN: 'token-of-docker-hub',
  GITHUB_TOKEN: 'token-of-the-run',
  SIGNING_KEY: generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({
    type: 'pkcs8',
    format: 'pem',
  }) as string,
};
const EVENT = { actor: 'octocat', event: { repository: { default_branch: 'main' } } };
const { rebuilds } = await readLock(resolve(ROOT, 'sources.lock.json'));
const TAG = Object.entries(rebuilds).map(([version, { number }]) => `v${version}-${number}`)[0];
/** Of the registry that has one. */
const PASSWORD = 'hunter2';

/** Writes the verdict on a channel, as the checks do, and ends as they do. */
function judge(failures: readonly GateFailure[]) {
  return async (checkout: string, script: string): Promise<Status> => {
    const [, channel = ''] = /--version (\w+)/.exec(script) ?? [];
    const own = failures.filter((one) => one.channel === channel);
    const lock = await readLock(join(checkout, 'sources.lock.json'));
    await mkdir(join(checkout, 'dist/conformance'), { recursive: true });
    await gateFile(join(checkout, 'dist/conformance/gate.json'), lock, own, channel);
    return own.length === 0 ? 'success' : 'failure';
  };
}

describe.skipIf(!hasDockerRegistry)('release.yml (docker-registry)', () => {
  let folder: string;
  let workflow: Workflow;
  let registries: readonly [locked: DockerRegistry, open: DockerRegistry];
  let gitHub: GitHubServer;
  let machine: Machine;
  let runs: StepRun[];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'workflow-'));
    workflow = await readWorkflow(resolve(ROOT, '.github/workflows/release.yml'));
    registries = [await startDockerRegistry({ htpasswd: true }), await startDockerRegistry()];
    gitHub = await startGitHub();
    gitHub.repository(REPOSITORY).push('main', 'first', {});
    const [locked] = registries.map(({ name }) => name.replace(/\W/g, '_'));
    const cache = join(folder, 'cache');
    const miniature = join(folder, 'miniature');
    await makeMiniature(miniature, join(cache, 'qemu-user-static'));
    machine = {
      folder,
      checkout: (checkout) => cloneInto(checkout, miniature),
      contexts: {
        github: { ...EVENT, event_name: 'push', ref_name: TAG, ref: `refs/tags/${TAG}` },
        inputs: {},
        vars: { REPOSITORIES: registries.map(({ name }) => `${name}/${REPOSITORY}`).join(',') },
        secrets: SECRETS,
      },
      environment: {
        // Without the programs of this checkout: a step must find its own.
        PATH: process.env.PATH?.split(':')
          .filter((folder) => !folder.includes('node_modules'))
          .join(':'),
        HOME: folder,
        XDG_CACHE_HOME: cache,
        NX_DAEMON: 'false',
        // Nothing listens there: only files in the cache are available.
        DEBIAN_MIRROR: 'http://127.0.0.1:1/debian',
        DOCKER_HOST: 'unix:///nowhere',
        GITHUB_API_URL: gitHub.url,
        GITHUB_REPOSITORY: REPOSITORY,
        [`REGISTRY_USERNAME_${locked}`]: 'me',
        [`REGISTRY_PASSWORD_${locked}`]: PASSWORD,
      },
      instead: {
        'npm ci': linkPackages,
        'npx --no image-builder smoke': async () => undefined,
        'apt-get ': async () => undefined,
        'npm run conformance ': judge([]),
      },
    };
    runs = await runWorkflow(workflow, machine);
  }, 900_000);
  afterAll(async () => {
    await Promise.all([gitHub, ...registries].map((server) => server.close()));
    await rm(folder, { recursive: true });
  });

  const outputOf = (steps: readonly StepRun[], step: string) =>
    steps.filter((run) => run.step === step).map(({ output }) => output);

  /** A job that has nothing to do any more: its artifacts are those of the run above. */
  const done = (job: Job | undefined): Job => {
    const [checkout] = job?.steps ?? [];
    if (job === undefined || checkout === undefined) throw new Error('a job is missing');
    return { ...job, needs: [], steps: [checkout] };
  };
  const afterTheBuild = () => {
    const { conformance, prove, publish, verify, attest, 'github-release': gitHubRelease } = workflow.jobs;
    if (!conformance || !publish || !verify || !attest || !gitHubRelease) throw new Error('a job is missing');
    const judged = { ...conformance, needs: [] };
    return {
      prove: done(prove),
      conformance: judged,
      publish,
      verify,
      attest,
      'github-release': gitHubRelease,
    };
  };

  test('goes through, from a tag in git to tags in two registries', () => {
    const failed = runs.filter(({ status }) => status === 'failure');
    expect(failed.map(({ job, step, output }) => `${job}: ${step}\n${output}`)).toEqual([]);
    expect(new Set(runs.map(({ job }) => job.split(' ')[0]))).toEqual(new Set(Object.keys(workflow.jobs)));
  });

  test('a machine of its own finds in each registry what the lock gives, every tag', () => {
    const [printed = ''] = outputOf(runs, 'verify');
    for (const { name } of registries) {
      const [, same, all] =
        new RegExp(`${name}/${REPOSITORY}: (\\d+) of (\\d+) tags are`).exec(printed) ?? [];
      expect(Number(all)).toBeGreaterThan(50);
      expect(same).toBe(all);
    }
  });

  test('every image is signed with the key of the secrets, in both registries', () => {
    const [printed = ''] = outputOf(runs, 'attest');
    expect(printed).toMatch(/^signed by /m);
    expect(printed).not.toContain('unsigned');
  });

  test('each version is a release on GitHub, whole and published', async () => {
    const { releases } = gitHub.repository(REPOSITORY);
    const { channels, rebuilds } = await readLock(resolve(ROOT, 'sources.lock.json'));
    const platforms = Object.values(channels).flatMap((channel) => Object.values(channel.platforms));
    const tags = new Set(platforms.map(({ version }) => `v${version}-${rebuilds[version]?.number}`));
    expect(new Set(releases.map(({ tag_name }) => tag_name))).toEqual(tags);
    expect(releases.filter(({ draft }) => draft)).toEqual([]);
    for (const { assets } of releases) expect(assets.map(({ name }) => name)).toContain('SHA256SUMS');
  });

  test('a dry run sends nothing to a registry or to GitHub, and looks for nothing there', async () => {
    const [other, otherGitHub] = [await startDockerRegistry(), await startGitHub()];
    try {
      // With the layout that was made above.
      const jobs = { ...afterTheBuild(), conformance: done(workflow.jobs.conformance) };
      const dry = await runWorkflow(
        { ...workflow, jobs },
        {
          ...machine,
          contexts: {
            ...machine.contexts,
            github: { ...EVENT, event_name: 'workflow_dispatch', ref_name: 'main', ref: 'refs/heads/main' },
            inputs: { 'dry-run': true },
            vars: { REPOSITORIES: `${other.name}/${REPOSITORY}` },
          },
          environment: { ...machine.environment, GITHUB_API_URL: otherGitHub.url },
        },
      );
      expect(dry.filter(({ status }) => status === 'failure')).toEqual([]);
      expect(outputOf(dry, 'publish').join()).toContain('nothing was sent');
      expect(outputOf(dry, 'github-release').join()).toContain('nothing was sent');
      const ran = dry.map(({ job }) => job.split(' ')[0]);
      expect(new Set(ran)).toEqual(new Set(['prove', 'conformance', 'publish', 'github-release']));
      const listed = await fetch(`http://${other.name}/v2/${REPOSITORY}/tags/list`);
      expect(listed.status).toBe(404);
      expect(otherGitHub.requests).toEqual([]);
    } finally {
      await Promise.all([other.close(), otherGitHub.close()]);
    }
  }, 300_000);

  test('a case that fails stops latest from moving; the version is published, signed, and marked', async () => {
    const [other, otherGitHub] = [await startDockerRegistry(), await startGitHub()];
    try {
      otherGitHub.repository(REPOSITORY).push('main', 'first', {});
      const held = await runWorkflow(
        { ...workflow, jobs: afterTheBuild() },
        {
          ...machine,
          contexts: { ...machine.contexts, vars: { REPOSITORIES: `${other.name}/${REPOSITORY}` } },
          environment: { ...machine.environment, GITHUB_API_URL: otherGitHub.url },
          instead: { ...machine.instead, 'npm run conformance ': judge([HUNG]) },
        },
      );
      const failed = held.filter(({ status }) => status === 'failure');
      expect(failed.map(({ job, output }) => [job, output])).toEqual([['conformance latest', '']]);
      expect(outputOf(held, 'publish').join()).toContain('guest aarch64, arm64 static, case threads: hang');
      const listed = await fetch(`http://${other.name}/v2/${REPOSITORY}/tags/list`);
      const { tags } = (await listed.json()) as { tags: string[] };
      const { version } = HUNG;
      expect(tags).toEqual(expect.arrayContaining([version, `${version}-1`, 'stable', 'oldstable']));
      expect(
        tags.filter((tag) => ['latest', 'latest-zstd', 'register', 'aarch64', '11'].includes(tag)),
      ).toEqual([]);
      const { releases } = otherGitHub.repository(REPOSITORY);
      const marked = releases.find(({ tag_name }) => tag_name === `v${version}-1`);
      expect(marked).toMatchObject({ draft: false, make_latest: 'false' });
      expect(marked?.body).toContain('guest `aarch64`, case `threads`');
    } finally {
      await Promise.all([other.close(), otherGitHub.close()]);
    }
  }, 300_000);

  test('a channel whose checks gave no verdict is not published', async () => {
    const other = await startDockerRegistry();
    try {
      const { prove, conformance, publish } = afterTheBuild();
      const without = await mkdtemp(join(folder, 'without-'));
      await cp(join(folder, 'artifacts/layout'), join(without, 'artifacts/layout'), { recursive: true });
      const broken = async (checkout: string): Promise<Status> => {
        await mkdir(join(checkout, 'dist/conformance'), { recursive: true });
        return 'failure';
      };
      const stopped = await runWorkflow(
        { ...workflow, jobs: { prove, conformance, publish } },
        {
          ...machine,
          folder: without,
          contexts: { ...machine.contexts, vars: { REPOSITORIES: `${other.name}/${REPOSITORY}` } },
          instead: { ...machine.instead, 'npm run conformance ': broken },
        },
      );
      expect(stopped.at(-1)).toMatchObject({ job: 'publish', status: 'failure' });
      expect(stopped.at(-1)?.output).toContain('GATE_UNREADABLE');
      const listed = await fetch(`http://${other.name}/v2/${REPOSITORY}/tags/list`);
      expect(listed.status).toBe(404);
    } finally {
      await other.close();
    }
  }, 300_000);

  test('each job begins when nothing can go wrong before it any more', () => {
    const jobs = [...new Set(runs.map(({ job }) => job.split(' ')[0]))];
    expect(jobs).toEqual([
      'ref',
      'rights',
      'build',
      'prove',
      'conformance',
      'publish',
      'verify',
      'attest',
      'github-release',
    ]);
    const steps = runs.filter(({ job }) => job === 'prove').map(({ step }) => step);
    expect(steps.indexOf('rebuild')).toBeGreaterThan(steps.indexOf('merge'));
  });

  test('a layout that another machine builds otherwise is not published', async () => {
    const { prove } = workflow.jobs;
    const [checkout] = prove?.steps ?? [];
    if (!prove || !checkout) throw new Error('a job is missing');
    const rebuild = prove.steps.find(({ name }) => name === 'rebuild');
    const [build = '', compare = ''] = (rebuild?.run ?? '').split('\n').map((line) => line.trim());
    expect(build).toContain('--output=dist/rebuilt');
    const differ = {
      name: 'differ',
      run: 'mkdir -p dist/oci dist/rebuilt; echo 1 > dist/oci/index.json; echo 2 > dist/rebuilt/index.json',
    };
    const jobs = {
      prove: { ...prove, needs: [], steps: [checkout, differ, { name: 'compare', run: compare }] },
    };
    const compared = await runWorkflow({ ...workflow, jobs }, machine);
    expect(compared.map(({ status }) => status)).toEqual(['success', 'success', 'failure']);
  });

  test.each([
    ['a tag that the lock does not give', { event_name: 'push', ref_name: 'v1.2.3-1' }, {}],
    ['another branch, by hand', { event_name: 'workflow_dispatch', ref_name: 'mine' }, { 'dry-run': false }],
  ])('%s ends the run before anything is built', async (_, github, inputs) => {
    const { ref, rights, build } = workflow.jobs;
    if (!ref || !rights || !build) throw new Error('a job is missing');
    const contexts = { ...machine.contexts, github: { ...EVENT, ...github }, inputs };
    const stopped = await runWorkflow(
      { ...workflow, jobs: { ref, rights, build } },
      { ...machine, contexts },
    );
    expect(new Set(stopped.map(({ job }) => job))).toEqual(new Set(['ref']));
    expect(stopped.some(({ status }) => status === 'failure')).toBe(true);
  });

  test('a login that may not push ends the run before anything is built', async () => {
    const { rights, build } = workflow.jobs;
    if (!rights || !build) throw new Error('a job is missing');
    const [locked] = registries;
    const wrong = { [`REGISTRY_PASSWORD_${locked.name.replace(/\W/g, '_')}`]: 'wrong' };
    const stopped = await runWorkflow(
      { ...workflow, jobs: { rights: { ...rights, needs: [] }, build } },
      { ...machine, environment: { ...machine.environment, ...wrong } },
    );
    expect(new Set(stopped.map(({ job }) => job))).toEqual(new Set(['rights']));
    expect(stopped.at(-1)).toMatchObject({ step: 'check-push', status: 'failure' });
    expect(stopped.at(-1)?.output).toContain('REGISTRY_UNAUTHORIZED');
  });

  test('a dry run may be of any branch, a release by hand of the default one', async () => {
    const { ref } = workflow.jobs;
    if (!ref) throw new Error('a job is missing');
    for (const [ref_name, dry] of [
      ['mine', true],
      ['main', false],
    ] as const) {
      const github = { ...EVENT, event_name: 'workflow_dispatch', ref_name };
      const contexts = { ...machine.contexts, github, inputs: { 'dry-run': dry } };
      const runs = await runWorkflow({ ...workflow, jobs: { ref } }, { ...machine, contexts });
      expect(runs.filter(({ status }) => status === 'failure')).toEqual([]);
    }
  });

  test('no step prints a secret', () => {
    const secrets = [PASSWORD, ...Object.values(SECRETS).filter((one) => one !== 'octocat')];
    const key = SECRETS.SIGNING_KEY.split('\n')[1] ?? '';
    expect(runs.filter(({ output }) => [...secrets, key].some((secret) => output.includes(secret)))).toEqual(
      [],
    );
  });
});
