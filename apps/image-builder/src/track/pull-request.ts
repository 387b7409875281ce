import { hash } from 'node:crypto';
import { BuilderError } from '../errors.ts';
import type { GitHub } from '../github/client.ts';
import { hasStatus } from '../github/errors.ts';
import {
  type KeptThread,
  keepOne,
  markerOf as lineOf,
  type Thread,
  type WantedThread,
} from '../github/keep-one.ts';

const BRANCH = 'track/sources-lock';
const FILE = 'sources.lock.json';
/** The last line of every commit on the branch: a commit without it is someone's own. */
const TRAILER = 'Made-by: image-builder track';

/** A change of the lock, and what the pull request says. */
export interface Proposal extends WantedThread {
  /** A line of the body, by which the proposal is known again. */
  readonly marker: string;
  /** Text of the lock that the change begins with. */
  readonly before: string;
  readonly now: string;
}

/** What `propose` says of the lock's text in the body, by which it knows a proposal again. */
export function markerOf(now: string): string {
  return lineOf(`${FILE} ${hash('sha256', now)}`);
}

/**
 * Puts the new lock on the branch, one commit over the base, and opens or updates the one pull request from there. One
 * that a person closed is not opened again for the same lock.
 * @throws BuilderError BASE_DIFFERS, BRANCH_FOREIGN; GitHubError
 */
export async function propose(github: GitHub, proposal: Proposal): Promise<KeptThread> {
  const { api, repository } = github;
  const list = async () => {
    const head = `${repository.owner}:${BRANCH}`;
    return api.paginate(api.rest.pulls.list, { ...repository, head, state: 'all', per_page: 100 });
  };
  const declined = declinedIn(await list(), proposal);
  if (declined !== undefined) return { number: declined.number, url: declined.html_url, action: 'declined' };
  const base = (await api.rest.repos.get(repository)).data.default_branch;
  const moved = await commitToBranch(github, proposal, base);
  const { title, body } = proposal;
  const kept = await keepOne(github, proposal, list, async () => {
    const { data } = await api.rest.pulls.create({ ...repository, title, body, head: BRANCH, base });
    return data;
  });
  return kept.action === 'unchanged' && moved ? { ...kept, action: 'updated' } : kept;
}

/** The pull request in which a person closed this very proposal, where none is open. */
function declinedIn<T extends Thread & { readonly merged_at: string | null }>(
  threads: readonly T[],
  { marker }: Proposal,
): T | undefined {
  if (threads.some(({ state }) => state === 'open')) return undefined;
  return threads.find(({ merged_at, body }) => merged_at === null && body?.includes(marker));
}

/** Whether the branch had to be moved. */
async function commitToBranch(github: GitHub, proposal: Proposal, base: string): Promise<boolean> {
  const onBase = await commitAt(github, base);
  if (onBase?.lock !== blobName(proposal.before)) {
    const { owner, repo } = github.repository;
    throw new BuilderError(
      'BASE_DIFFERS',
      `${owner}/${repo} has another ${FILE} on ${base} than this checkout`,
    );
  }
  const wanted = blobName(proposal.now);
  const isDone = (there: Commit | null) => there?.parent === onBase.sha && there.lock === wanted;
  let there: Commit | null = null;
  // `ensure` looks again when the branch came or went in between.
  return github.ensure(
    async () => {
      there = await commitAt(github, BRANCH);
      return isDone(there) ? false : undefined;
    },
    async () => {
      if (there !== null && !there.message.endsWith(TRAILER))
        throw new BuilderError('BRANCH_FOREIGN', `${BRANCH} ends in a commit of someone else: ${there.sha}`);
      await pointBranch(github, await makeCommit(github, proposal, onBase), there !== null);
      return true;
    },
  );
}

interface Commit {
  readonly sha: string;
  readonly tree: string;
  readonly parent: string | undefined;
  readonly message: string;
  /** Git's name of the lock's blob, where it has one. */
  readonly lock: string | undefined;
}

/** The newest commit of a branch; null where there is no such branch. */
async function commitAt({ api, repository }: GitHub, branch: string): Promise<Commit | null> {
  const found = await api.rest.git
    .getRef({ ...repository, ref: `heads/${branch}` })
    .catch((error: unknown) => {
      if (!hasStatus(error, 404)) throw error;
      return null;
    });
  if (found === null) return null;
  const { sha } = found.data.object;
  const { data: commit } = await api.rest.git.getCommit({ ...repository, commit_sha: sha });
  const { data: tree } = await api.rest.git.getTree({ ...repository, tree_sha: commit.tree.sha });
  return {
    sha,
    tree: commit.tree.sha,
    parent: commit.parents[0]?.sha,
    message: commit.message.trimEnd(),
    lock: tree.tree.find(({ path }) => path === FILE)?.sha,
  };
}

async function makeCommit(
  { api, repository }: GitHub,
  { title, now }: Proposal,
  base: Commit,
): Promise<string> {
  const { data: blob } = await api.rest.git.createBlob({ ...repository, content: now, encoding: 'utf-8' });
  const entry = { path: FILE, mode: '100644', type: 'blob', sha: blob.sha } as const;
  const { data: tree } = await api.rest.git.createTree({
    ...repository,
    base_tree: base.tree,
    tree: [entry],
  });
  const message = `${title}\n\n${TRAILER}`;
  const { data } = await api.rest.git.createCommit({
    ...repository,
    message,
    tree: tree.sha,
    parents: [base.sha],
  });
  return data.sha;
}

async function pointBranch({ api, repository }: GitHub, sha: string, exists: boolean): Promise<void> {
  if (exists) await api.rest.git.updateRef({ ...repository, ref: `heads/${BRANCH}`, sha, force: true });
  else await api.rest.git.createRef({ ...repository, ref: `refs/heads/${BRANCH}`, sha });
}

/** Git's name of a file's content. https://git-scm.com/book/en/v2/Git-Internals-Git-Objects */
function blobName(content: string): string {
  return hash('sha1', `blob ${Buffer.byteLength(content)}\0${content}`);
}
