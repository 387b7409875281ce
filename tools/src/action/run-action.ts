import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { parse } from 'yaml';
import { ROOT } from '../repository.ts';
import { interpolate } from '../workflows/expressions.ts';
import type { Step } from '../workflows/workflow.ts';

/** The part of action.yml that is used here. https://docs.github.com/en/actions/reference/workflows-and-actions/metadata-syntax */
export interface Action {
  readonly inputs: Readonly<Record<string, { readonly description: string; readonly default: string }>>;
  readonly outputs: Readonly<Record<string, { readonly description: string; readonly value: string }>>;
  readonly runs: {
    readonly using: string;
    readonly steps: readonly (Step & { id: string; shell: string })[];
  };
}

export async function readAction(): Promise<Action> {
  return parse(await readFile(resolve(ROOT, 'action.yml'), 'utf8')) as Action;
}

export interface ActionRun {
  readonly code: number | null;
  /** Standard output, where annotations are. */
  readonly stdout: string;
  readonly stderr: string;
  readonly outputs: Readonly<Record<string, string>>;
}

/** Runs the steps of action.yml as a runner does, one after the other until one fails. */
export async function runAction(
  inputs: Readonly<Record<string, string>>,
  environment: NodeJS.ProcessEnv,
): Promise<ActionRun> {
  const action = await readAction();
  const defaults = Object.fromEntries(
    Object.entries(action.inputs).map(([name, input]) => [name, input.default]),
  );
  const unknown = Object.keys(inputs).filter((name) => !Object.hasOwn(defaults, name));
  if (unknown.length > 0) throw new Error(`action.yml has no input ${unknown}`);
  const folder = await mkdtemp(join(tmpdir(), 'action-'));
  const steps: Record<string, { outputs: Record<string, string> }> = {};
  const said = { stdout: '', stderr: '' };
  let code: number | null = 0;
  try {
    for (const { id, shell, run = '', env = {} } of action.runs.steps) {
      if (shell !== 'bash') throw new Error(`${shell} is not known here`);
      const contexts = { inputs: { ...defaults, ...inputs }, steps };
      const variables = Object.entries(env).map(([name, value]) => [name, interpolate(value, contexts)]);
      const file = join(folder, id);
      await writeFile(file, '');
      // https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax#jobsjob_idstepsshell
      const child = spawn('bash', ['--noprofile', '--norc', '-eo', 'pipefail', '-c', run], {
        env: {
          ...environment,
          ...Object.fromEntries(variables),
          GITHUB_ACTION_PATH: ROOT,
          GITHUB_OUTPUT: file,
        },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      const [stdout, stderr, [status]] = await Promise.all([
        text(child.stdout),
        text(child.stderr),
        once(child, 'close') as Promise<[number | null]>,
      ]);
      said.stdout += stdout;
      said.stderr += stderr;
      steps[id] = { outputs: readOutputs(await readFile(file, 'utf8')) };
      code = status;
      if (code !== 0) break;
    }
  } finally {
    await rm(folder, { recursive: true });
  }
  const outputs = Object.entries(action.outputs).map(([name, { value }]) => [
    name,
    interpolate(value, { steps }),
  ]);
  return { code, ...said, outputs: code === 0 ? Object.fromEntries(outputs) : {} };
}

/** Lines of `name=value`. */
function readOutputs(file: string): Record<string, string> {
  const lines = file.split('\n').filter((line) => line !== '');
  return Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  );
}
