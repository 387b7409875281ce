import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises';
import { join, matchesGlob } from 'node:path';
import { text } from 'node:stream/consumers';
import { type Contexts, interpolate, isDue, type Status } from './expressions.ts';
import { type Job, needsOf, type Step, type Workflow } from './workflow.ts';

/** The stand-in for GitHub while a workflow runs on this machine. */
export interface Machine {
  /** An empty folder for checkouts and artifacts. */
  readonly folder: string;
  /** Makes a checkout in an empty folder. */
  checkout(folder: string): Promise<void>;
  /** `github`, `vars`, `secrets`, `inputs`. */
  readonly contexts: Contexts;
  /** The runner's own environment for each step. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Steps that are done another way here, by the beginning of what they run; one that gives `failure` failed. */
  readonly instead?: Readonly<Record<string, (checkout: string, script: string) => Promise<unknown>>>;
  readonly onStep?: (job: string, step: string) => void;
}

/** A step as it went. */
export interface StepRun {
  readonly job: string;
  readonly step: string;
  readonly status: Status | 'skipped';
  /** Its output, both streams. */
  readonly output: string;
}

/**
 * Runs a workflow's jobs one after the other, each after those that it needs and for each entry of its matrix, in a
 * checkout of its own. Of actions it knows those of checkout, cache and artifacts.
 */
export async function runWorkflow(workflow: Workflow, machine: Machine): Promise<StepRun[]> {
  const results = new Map<string, Status | 'skipped'>();
  const done: StepRun[] = [];
  for (const name of inOrder(workflow)) {
    const job = workflow.jobs[name] as Job;
    const status: Status = jobsBefore(name, workflow).every((one) => results.get(one) === 'success')
      ? 'success'
      : 'failure';
    const needs = Object.fromEntries(needsOf(job).map((one) => [one, { result: results.get(one) }]));
    if (!isDue(job.if, { ...machine.contexts, needs }, status)) {
      results.set(name, 'skipped');
      continue;
    }
    const runs: StepRun[] = [];
    for (const matrix of job.strategy?.matrix.include ?? [{}])
      runs.push(...(await runJob(name, workflow, { ...machine.contexts, needs, matrix }, machine)));
    done.push(...runs);
    results.set(name, runs.some((run) => run.status === 'failure') ? 'failure' : 'success');
  }
  return done;
}

/**
 * All that must have gone well before a job without a condition, not only what it names: a failure applies to the whole
 * chain. https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax#jobsjob_idneeds
 */
function jobsBefore(name: string, workflow: Workflow): string[] {
  const needed = needsOf(workflow.jobs[name] as Job);
  return [...new Set(needed.flatMap((one) => [one, ...jobsBefore(one, workflow)]))];
}

/** Jobs, each behind those that it needs. */
function inOrder({ jobs }: Workflow): string[] {
  const ordered = new Set<string>();
  const add = (name: string) => {
    const job = jobs[name];
    if (job === undefined) throw new Error(`no job is called ${name}`);
    for (const needed of needsOf(job)) add(needed);
    ordered.add(name);
  };
  for (const name of Object.keys(jobs)) add(name);
  return [...ordered];
}

async function runJob(
  name: string,
  workflow: Workflow,
  contexts: Contexts,
  machine: Machine,
): Promise<StepRun[]> {
  const { steps, env } = workflow.jobs[name] as Job;
  const checkout = await mkdtemp(join(machine.folder, `${name}-`));
  const title = [name, ...Object.values(Object(contexts.matrix)).slice(0, 1)].join(' ');
  const runs: StepRun[] = [];
  let status: Status = 'success';
  for (const step of steps) {
    const variables = resolved([workflow.env, env, step.env], contexts);
    const known = { ...contexts, env: variables };
    const called = step.name ?? step.uses?.split('@')[0] ?? step.run ?? '';
    if (!isDue(step.if, known, status)) {
      runs.push({ job: title, step: called, status: 'skipped', output: '' });
      continue;
    }
    machine.onStep?.(title, called);
    const outcome = await runStep(step, checkout, known, variables, machine);
    if (outcome.status === 'failure') status = 'failure';
    runs.push({ job: title, step: called, ...outcome });
  }
  return runs;
}

type Outcome = Pick<StepRun, 'output'> & { readonly status: Status };

async function runStep(
  step: Step,
  checkout: string,
  contexts: Contexts,
  variables: Readonly<Record<string, string>>,
  machine: Machine,
): Promise<Outcome> {
  if (step.uses !== undefined) {
    await action(step, checkout, contexts, machine);
    return { status: 'success', output: '' };
  }
  const script = interpolate(step.run ?? '', contexts);
  const [, other] = Object.entries(machine.instead ?? {}).find(([start]) => script.startsWith(start)) ?? [];
  if (other !== undefined) {
    const status = (await other(checkout, script)) === 'failure' ? 'failure' : 'success';
    return { status, output: '' };
  }
  return shell(script, checkout, { ...machine.environment, ...variables });
}

/** As runners call it. https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax#jobsjob_idstepsshell */
async function shell(script: string, checkout: string, env: NodeJS.ProcessEnv): Promise<Outcome> {
  const summary = join(checkout, '.git', 'step-summary');
  await writeFile(summary, '');
  const words = ['--noprofile', '--norc', '-eo', 'pipefail', '-c', `exec 2>&1\n${script}`];
  const child = spawn('bash', words, {
    cwd: checkout,
    env: { ...env, CI: 'true', GITHUB_ACTIONS: 'true', GITHUB_STEP_SUMMARY: summary },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [output, [code]] = await Promise.all([
    text(child.stdout),
    once(child, 'close') as Promise<[number | null]>,
  ]);
  const printed = await readFile(summary, 'utf8');
  return { status: code === 0 ? 'success' : 'failure', output: `${output}${printed}` };
}

async function action(
  { uses = '', with: given = {} }: Step,
  checkout: string,
  contexts: Contexts,
  machine: Machine,
) {
  const input = (name: string) => interpolate(String(given[name] ?? ''), contexts);
  const artifacts = join(machine.folder, 'artifacts');
  switch (uses.split('@')[0]) {
    case 'actions/checkout':
      return machine.checkout(checkout);
    case 'actions/upload-artifact':
      // The action only warns of what is missing.
      if (!existsSync(join(checkout, input('path')))) return;
      return cp(join(checkout, input('path')), join(artifacts, input('name')), {
        recursive: true,
        // The action leaves hidden files out. https://github.com/actions/upload-artifact#uploading-hidden-files
        filter: (path) => !/\/\.[^/]+$/.test(path.slice(checkout.length)),
      });
    case 'actions/download-artifact':
      return download(artifacts, input, checkout);
    // Here the cache is the machine's own, which stays.
    case 'actions/cache':
      return;
    default:
      throw new Error(`${uses} is not known here`);
  }
}

/** With a name the artifact's files, with a pattern a folder for each. https://github.com/actions/download-artifact#inputs */
async function download(artifacts: string, input: (name: string) => string, checkout: string): Promise<void> {
  const target = join(checkout, input('path'));
  await mkdir(target, { recursive: true });
  if (input('name') !== '') return cp(join(artifacts, input('name')), target, { recursive: true });
  for (const name of await readdir(artifacts).catch(() => []))
    if (matchesGlob(name, input('pattern')))
      await cp(join(artifacts, name), input('merge-multiple') === 'true' ? target : join(target, name), {
        recursive: true,
      });
}

/** Variables of workflow, job and step, the later ones before the earlier. */
function resolved(
  levels: readonly (Readonly<Record<string, string>> | undefined)[],
  contexts: Contexts,
): Record<string, string> {
  const variables: Record<string, string> = {};
  for (const level of levels)
    for (const [name, value] of Object.entries(level ?? {}))
      variables[name] = interpolate(String(value), { ...contexts, env: variables });
  return variables;
}
