import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { BuildFacts } from '../attest/provenance.ts';
import { BuilderError } from '../report/errors.ts';

const run = promisify(execFile);

/**
 * The commit of a checkout in which nothing is changed: 40 hex digits.
 * @throws BuilderError COMMIT_UNKNOWN
 */
export async function commitOf(checkout: string): Promise<string> {
  const git = async (...words: string[]) => {
    const { stdout } = await run('git', ['-C', checkout, ...words]).catch((cause: Error) => {
      throw new BuilderError('COMMIT_UNKNOWN', 'git does not tell the commit', cause);
    });
    return stdout.trim();
  };
  const commit = await git('rev-parse', 'HEAD');
  const changed = await git('status', '--porcelain', '--untracked-files=no');
  if (changed !== '')
    throw new BuilderError('COMMIT_UNKNOWN', `the checkout is not what commit ${commit} has:\n${changed}`);
  return commit;
}

/** The workflow run that this is part of, by GitHub's own addresses; anywhere else, somebody's machine. */
export function builderOf(variables: NodeJS.ProcessEnv, source: string): BuildFacts['builder'] {
  const { GITHUB_ACTIONS, GITHUB_SERVER_URL, GITHUB_REPOSITORY, GITHUB_WORKFLOW_REF } = variables;
  if (GITHUB_ACTIONS !== 'true') return { id: `${source}/blob/main/docs/supply-chain.md#somebodys-machine` };
  const { GITHUB_RUN_ID, GITHUB_RUN_ATTEMPT } = variables;
  return {
    id: `${GITHUB_SERVER_URL}/${GITHUB_WORKFLOW_REF}`,
    invocation: `${GITHUB_SERVER_URL}/${GITHUB_REPOSITORY}/actions/runs/${GITHUB_RUN_ID}/attempts/${GITHUB_RUN_ATTEMPT}`,
  };
}
