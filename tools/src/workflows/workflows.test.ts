import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { readLock } from '@qemu-user-static/lock';
import { describe, expect, test } from 'vitest';
import { areasOf } from '../mutants/areas.ts';
import { ROOT } from '../repository.ts';
import { lintWorkflow } from './lint.ts';
import { type Job, readWorkflow } from './workflow.ts';

const FOLDER = resolve(ROOT, '.github/workflows');
const FILES = readdirSync(FOLDER);

test('there are six: for pull requests, checks at night, altered code, packages on npm, releases, upstream’s changes', () => {
  expect(FILES.sort()).toEqual([
    ...['ci.yml', 'conformance.yml', 'mutants.yml', 'packages.yml', 'release.yml', 'track.yml'],
  ]);
});

describe.each(FILES)('%s', (file) => {
  const text = readFileSync(resolve(FOLDER, file), 'utf8');
  const jobsOf = async () => Object.values((await readWorkflow(resolve(FOLDER, file))).jobs);
  const steps = async () => (await jobsOf()).flatMap((job: Job) => job.steps);

  test('has nothing that actionlint finds', async () => {
    expect(await lintWorkflow(text, file)).toEqual([]);
  });

  test('names each action by commit, and its version beside it', async () => {
    const used = (await steps()).flatMap(({ uses }) => uses ?? []);
    for (const uses of used) {
      expect(uses).toMatch(/^[\w-]+\/[\w-]+@[0-9a-f]{40}$/);
      expect(text).toMatch(new RegExp(`${uses} # v\\d+\\.\\d+\\.\\d+\n`));
    }
  });

  test('names each container image by tag and digest', async () => {
    const images = (await jobsOf()).flatMap(({ container }) => container?.image ?? []);
    expect(images.filter((image) => !/^[a-z]+:[a-z]+-\d{8}@sha256:[0-9a-f]{64}$/.test(image))).toEqual([]);
    expect(images).toHaveLength(text.match(/^\s+image:/gm)?.length ?? 0);
  });

  test('gives no right to all jobs, to each only what it needs, and none for longer than an hour', async () => {
    expect((await readWorkflow(resolve(FOLDER, file))).permissions).toEqual({});
    for (const job of await jobsOf()) {
      expect(job.permissions?.contents).toMatch(/^(read|write)$/);
      expect(job['timeout-minutes']).toBeLessThanOrEqual(60);
    }
  });

  test('leaves no credentials in a checkout', async () => {
    const checkouts = (await steps()).filter(({ uses }) => uses?.startsWith('actions/checkout@'));
    expect(checkouts.length).toBeGreaterThan(0);
    for (const step of checkouts) expect(step.with?.['persist-credentials']).toBe(false);
  });

  test('starts no program that npx would fetch', async () => {
    const scripts = (await steps()).flatMap(({ run }) => run ?? []);
    expect(scripts.filter((script) => /\bnpx (?!--no )/.test(script))).toEqual([]);
  });

  test('hands secrets and what others can write to programs as variables, never as a script’s text', async () => {
    const scripts = (await steps()).flatMap(({ run }) => run ?? []);
    const pasted = scripts.flatMap((script) => script.match(/\$\{\{.*?\}\}/g) ?? []);
    expect(pasted.filter((expression) => !/^\$\{\{ matrix\.\w+ \}\}$/.test(expression))).toEqual([]);
  });
});

test('mutants.yml alters every folder that docs/testing.md lists', async () => {
  const { jobs } = await readWorkflow(resolve(FOLDER, 'mutants.yml'));
  const altered = (jobs.all?.strategy?.matrix.include ?? []).map(({ folder }) => folder);
  expect(altered).toEqual(areasOf(ROOT).map(({ name }) => name));
});

test('release.yml builds what the lock has: every platform, with the channels that have it', async () => {
  const { jobs } = await readWorkflow(resolve(FOLDER, 'release.yml'));
  const { channels } = await readLock(resolve(ROOT, 'sources.lock.json'));
  const locked = Object.entries(channels).flatMap(([channel, { platforms }]) =>
    Object.keys(platforms).map((platform) => `${platform} ${channel}`),
  );
  const built = (jobs.build?.strategy?.matrix.include ?? []).flatMap((entry) =>
    (entry.channels ?? '').split(',').map((channel) => `${entry.platform} ${channel}`),
  );
  expect(built.sort()).toEqual(locked.sort());
});

test.each(['ci.yml', 'release.yml'])('%s keeps layers for runs of exactly the same sources', async (file) => {
  const { jobs } = await readWorkflow(resolve(FOLDER, file));
  const caches = Object.values(jobs)
    .flatMap(({ steps }) => steps)
    .filter(({ uses }) => uses?.startsWith('actions/cache@'));
  expect(caches).toHaveLength(1);
  expect(caches[0]?.with).toEqual({
    path: '~/.cache/qemu-user-static/layers',
    key: expect.stringMatching(
      /hashFiles\('sources\.lock\.json', 'package-lock\.json', 'apps\/\*\/src\/\*\*', 'libs\/\*\/src\/\*\*'\) }}$/,
    ),
  });
});

test.each(['prove', 'verify'])('release.yml builds in %s without layers of another run', async (name) => {
  const { jobs } = await readWorkflow(resolve(FOLDER, 'release.yml'));
  expect(jobs[name]?.steps.filter(({ uses }) => uses?.startsWith('actions/cache'))).toEqual([]);
});

test('release.yml sends only through an environment, where maintainers set who may release', async () => {
  const { jobs } = await readWorkflow(resolve(FOLDER, 'release.yml'));
  const sending = Object.entries(jobs).filter(([, { permissions = {} }]) =>
    Object.values(permissions).includes('write'),
  );
  expect(sending.map(([name]) => name)).toEqual(['rights', 'publish', 'attest', 'github-release']);
  for (const [, { environment }] of sending) expect(environment).toMatch(/\brelease\b/);
});

test('release.yml moves no tag before the emulators of every channel have run the checks', async () => {
  const { jobs } = await readWorkflow(resolve(FOLDER, 'release.yml'));
  const { channels } = await readLock(resolve(ROOT, 'sources.lock.json'));
  expect(jobs.publish?.needs).toContain('conformance');
  const tried = jobs.conformance?.strategy?.matrix.include.map(({ channel }) => channel);
  expect(tried?.sort()).toEqual(Object.keys(channels).sort());
  const scripts = jobs.conformance?.steps.flatMap(({ run }) => run ?? []);
  expect(scripts).toContainEqual(
    expect.stringMatching(
      /^npm run conformance -- --gate --version \$\{\{ matrix\.channel \}\} .*--case checks/,
    ),
  );
});

test('track.yml proposes a lock also where the checks under it failed, or gave no verdict', async () => {
  const { jobs } = await readWorkflow(resolve(FOLDER, 'track.yml'));
  const order = jobs.conformance?.steps.flatMap(({ run }) => run ?? []) ?? [];
  const at = (part: string) => order.findIndex((script) => script.includes(part));
  expect(at('npm run update')).toBeLessThan(at('--gate --changed-since dist/before.lock.json'));
  expect(jobs.conformance?.permissions).toEqual({ contents: 'read' });
  expect(jobs.track?.needs).toBe('conformance');
  expect(jobs.track?.if).toMatch(/ !cancelled\(\) /);
});

test('release.yml gives every step that reads or writes tags what the checks found', async () => {
  const { jobs } = await readWorkflow(resolve(FOLDER, 'release.yml'));
  const scripts = Object.values(jobs).flatMap(({ steps }) => steps.flatMap(({ run }) => run ?? []));
  const about = /image-builder (publish|verify-remote|attest|github-release)/;
  const without = scripts.filter((script) => about.test(script) && !script.includes('/#/--gate=}'));
  expect(without).toEqual([]);
});
