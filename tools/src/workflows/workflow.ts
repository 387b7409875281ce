import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';

/**
 * The part of a workflow that is used here.
 * https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax
 */
export interface Workflow {
  readonly name: string;
  readonly on: Readonly<Record<string, unknown>>;
  readonly permissions?: Permissions;
  readonly env?: Variables;
  readonly jobs: Readonly<Record<string, Job>>;
}

export type Permissions = Readonly<Record<string, string>>;
type Variables = Readonly<Record<string, string>>;

export interface Job {
  readonly needs?: string | readonly string[];
  readonly if?: string;
  readonly 'runs-on': string;
  readonly 'timeout-minutes'?: number;
  readonly environment?: string;
  readonly permissions?: Permissions;
  readonly env?: Variables;
  readonly container?: { readonly image: string };
  readonly strategy?: { readonly matrix: { readonly include: readonly Variables[] } };
  readonly steps: readonly Step[];
}

export interface Step {
  readonly name?: string;
  readonly if?: string;
  readonly uses?: string;
  readonly with?: Readonly<Record<string, string | boolean>>;
  readonly env?: Variables;
  readonly run?: string;
}

export async function readWorkflow(path: string): Promise<Workflow> {
  return parse(await readFile(path, 'utf8')) as Workflow;
}

/** The jobs that a job waits for. */
export function needsOf({ needs = [] }: Job): readonly string[] {
  return typeof needs === 'string' ? [needs] : needs;
}
