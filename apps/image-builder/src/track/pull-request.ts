import {
  type GitHub,
  type KeptThread,
  keepOne,
  listAll,
  type Thread,
  type WantedThread,
  withdraw,
} from '@qemu-user-static/github';
import type { Lock } from '@qemu-user-static/lock';
import { BuilderError } from '../report/errors.ts';
import {
  assertOurs,
  BRANCH,
  type Commit,
  commitAt,
  hasLock,
  isOurCommit,
  lockIn,
  moveBranch,
} from './branch.ts';

/** A change of the lock, and what the pull request says. */
export interface Proposal extends WantedThread {
  /** A line of the body, by which the proposal is known again. */
  readonly marker: string;
  /** Text of the lock that the change begins with. */
  readonly before: string;
  readonly now: string;
}

/**
 * Puts the new lock on the branch, one commit over the base, and opens or updates the one pull request from there. One
 * that a person closed is not opened again for the same proposal.
 * @throws BuilderError BASE_DIFFERS, BRANCH_FOREIGN; GitHubError
 */
export async function propose(github: GitHub, proposal: Proposal): Promise<KeptThread> {
  const { api, repository } = github;
  const base = await baseOf(github);
  const declined = await declinedIn(github, base, proposal);
  if (declined !== null) return declined;
  const moved = await moveBranch(github, proposal, await baseCommit(github, base, proposal));
  const { title, body } = proposal;
  const list = () => listPulls(github, base, 'open');
  const kept = await keepOne(github, proposal, list, async () => {
    const { data } = await api.rest.pulls.create({ ...repository, title, body, head: BRANCH, base });
    return data;
  });
  return kept.action === 'unchanged' && moved ? { ...kept, action: 'updated' } : kept;
}

/**
 * The end of `propose` if it would write nothing. The caller asks before it builds images for the text.
 * @returns the pull request in which a person closed this proposal; null where it can be made
 * @throws BuilderError BASE_DIFFERS, BRANCH_FOREIGN; GitHubError
 */
export async function foresee(
  github: GitHub,
  proposal: Pick<Proposal, 'marker' | 'before'>,
): Promise<KeptThread | null> {
  const base = await baseOf(github);
  const declined = await declinedIn(github, base, proposal);
  if (declined !== null) return declined;
  await baseCommit(github, base, proposal);
  const there = await commitAt(github, BRANCH);
  if (there !== null) await assertOurs(github, there);
  return null;
}

/** The lock that an earlier run has put on the branch; null where none has. */
export async function proposedLock(github: GitHub): Promise<Lock | null> {
  const there = await commitAt(github, BRANCH);
  return there !== null && (await isOurCommit(github, there)) ? lockIn(github, there) : null;
}

/**
 * Closes the pull request that is open, if nothing is proposed any more: the archive took the packages back, or the base
 * got them in another way. One on whose branch a person works is left to that person.
 * @param before text of the lock with which nothing is proposed; it must be the base's
 */
export async function withdrawProposal(github: GitHub, before: string): Promise<KeptThread | null> {
  // Usually none is open, and then this is the only request.
  if ((await listPulls(github, undefined, 'open')).length === 0) return null;
  const base = await baseOf(github);
  const [open] = await listPulls(github, base, 'open');
  if (open === undefined || !hasLock(await commitAt(github, base), before)) return null;
  const there = await commitAt(github, BRANCH);
  if (there !== null && !(await isOurCommit(github, there))) return null;
  return withdraw(github, open, `the archive has what ${base} has`);
}

async function baseOf({ api, repository }: GitHub): Promise<string> {
  return (await api.rest.repos.get(repository)).data.default_branch;
}

/** The pull requests from our branch: to the base, for what a person makes of it for another branch is not ours. */
function listPulls({ api, repository }: GitHub, base: string | undefined, state: 'open' | 'all') {
  const head = `${repository.owner}:${BRANCH}`;
  return listAll(api.rest.pulls.list, { ...repository, head, state, ...(base !== undefined && { base }) });
}

/** The pull request in which a person closed this very proposal, where none is open. */
async function declinedIn(
  github: GitHub,
  base: string,
  { marker }: Pick<Proposal, 'marker'>,
): Promise<KeptThread | null> {
  const threads = await listPulls(github, base, 'all');
  if (threads.some(({ state }: Thread) => state === 'open')) return null;
  const declined = threads.find(({ merged_at, body }) => !merged_at && body?.includes(marker));
  return declined === undefined
    ? null
    : { number: declined.number, url: declined.html_url, action: 'declined' };
}

/** The commit that a proposal goes on. @throws BuilderError BASE_DIFFERS */
async function baseCommit(
  github: GitHub,
  base: string,
  { before }: Pick<Proposal, 'before'>,
): Promise<Commit> {
  const onBase = await commitAt(github, base);
  if (hasLock(onBase, before)) return onBase;
  const { owner, repo } = github.repository;
  throw new BuilderError(
    'BASE_DIFFERS',
    `${owner}/${repo} has another sources.lock.json on ${base} than this checkout`,
  );
}
