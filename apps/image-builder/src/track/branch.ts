import { hash } from 'node:crypto';
import { type GitHub, hasStatus } from '@qemu-user-static/github';
import { type Lock, parseLock } from '@qemu-user-static/lock';
import { BuilderError } from '../report/errors.ts';

/** The branch that proposals are on. */
export const BRANCH = 'track/sources-lock';
const FILE = 'sources.lock.json';
/** The last line of every commit on the branch: a commit without it is someone's own. */
const TRAILER = 'Made-by: image-builder track';

export interface Commit {
  readonly sha: string;
  readonly tree: string;
  readonly parents: readonly string[];
  readonly message: string;
  /** Git's name of the lock's blob, where it has one. */
  readonly lock: string | undefined;
}

/** The newest commit of a branch; null if the branch does not exist. */
export async function commitAt({ api, repository }: GitHub, branch: string): Promise<Commit | null> {
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
    parents: commit.parents.map((parent) => parent.sha),
    message: commit.message.trimEnd(),
    lock: tree.tree.find(({ path }) => path === FILE)?.sha,
  };
}

/** Whether a commit has a lock of this text. */
export function hasLock(commit: Commit | null, text: string): commit is Commit {
  // https://git-scm.com/book/en/v2/Git-Internals-Git-Objects
  return commit?.lock === hash('sha1', `blob ${Buffer.byteLength(text)}\0${text}`);
}

/**
 * A commit that is lost when the branch is moved must be one of ours, or what GitHub's button "Update branch" makes of one:
 * a merge of the base, which brings nothing of its own.
 * @throws BuilderError BRANCH_FOREIGN
 */
export async function assertOurs(github: GitHub, commit: Commit): Promise<void> {
  if (!(await isOurCommit(github, commit)))
    throw new BuilderError('BRANCH_FOREIGN', `${BRANCH} ends in a commit of someone else: ${commit.sha}`);
}

/** Whether a run of `track` made a commit, perhaps with that button pressed since. */
export async function isOurCommit(
  { api, repository }: GitHub,
  { message, parents }: Commit,
): Promise<boolean> {
  if (message.endsWith(TRAILER)) return true;
  const [first = '', ...merged] = parents;
  if (merged.length !== 1 || !/^Merge branch '.*' into /.test(message)) return false;
  const { data } = await api.rest.git.getCommit({ ...repository, commit_sha: first });
  return data.message.trimEnd().endsWith(TRAILER);
}

/** The lock of a commit; null where it has none that is understood here. */
export async function lockIn({ api, repository }: GitHub, { lock }: Commit): Promise<Lock | null> {
  if (lock === undefined) return null;
  const { data } = await api.rest.git.getBlob({ ...repository, file_sha: lock });
  try {
    return parseLock(Buffer.from(data.content, 'base64').toString());
  } catch {
    return null;
  }
}

/**
 * Puts a lock on the branch, one commit over the base.
 * @returns whether the branch had to be moved
 * @throws BuilderError BRANCH_FOREIGN; GitHubError
 */
export async function moveBranch(
  github: GitHub,
  { title, now }: { readonly title: string; readonly now: string },
  base: Commit,
): Promise<boolean> {
  let there: Commit | null = null;
  // `ensure` looks again when the branch came or went in between.
  return github.ensure(
    async () => {
      there = await commitAt(github, BRANCH);
      return hasLock(there, now) && there.parents[0] === base.sha ? false : undefined;
    },
    async () => {
      if (there !== null) await assertOurs(github, there);
      await pointBranch(github, await makeCommit(github, title, now, base), there !== null);
      return true;
    },
  );
}

async function makeCommit(
  { api, repository }: GitHub,
  title: string,
  lock: string,
  base: Commit,
): Promise<string> {
  const { data: blob } = await api.rest.git.createBlob({ ...repository, content: lock, encoding: 'utf-8' });
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
