import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { BuildFacts } from '../attest/provenance.ts';
import { BuilderError } from '../report/errors.ts';
import { listed } from '../report/problems.ts';

const run = promisify(execFile);

/**
 * The inputs of images in the checkout. A file there that git does not track, or ignores, may become part of the
 * images although no commit has it.
 */
const INPUTS = [
  'apps',
  'libs',
  'sources.json',
  'sources.lock.json',
  'Dockerfile.template',
  'package.json',
  'package-lock.json',
];
/** Files that npm, tests and compilers write below them. */
const OUTPUTS = /(^|\/)(node_modules|\.vitest)\/|^(apps|libs)\/[^/]+\/dist\//;

/**
 * The commit of a checkout in which nothing is changed: 40 hex digits.
 * @throws BuilderError COMMIT_UNKNOWN
 */
export async function commitOf(checkout: string): Promise<string> {
  const git = async (...words: string[]) => {
    const { stdout } = await run('git', ['-C', checkout, ...words], { maxBuffer: 64 << 20 }).catch(
      (cause: Error) => {
        throw new BuilderError('COMMIT_UNKNOWN', `git cannot name the commit of ${checkout}`, cause);
      },
    );
    return stdout.trimEnd();
  };
  const commit = await git('rev-parse', 'HEAD');
  const changed = await git('status', '--porcelain', '--untracked-files=no');
  // Without --exclude-standard, ignored files are listed too.
  const others = await git('-c', 'core.quotePath=false', 'ls-files', '--others', '--', ...INPUTS);
  const differing = [
    ...lines(changed),
    ...lines(others)
      .filter((path) => !OUTPUTS.test(path))
      .map((path) => `?? ${path}`),
  ];
  if (differing.length > 0)
    throw new BuilderError(
      'COMMIT_UNKNOWN',
      `the checkout is not what commit ${commit} has:${listed(differing)}`,
    );
  return commit;
}

function lines(text: string): string[] {
  return text.split('\n').filter((line) => line !== '');
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
