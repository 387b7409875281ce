import { hash } from 'node:crypto';
import { printable } from '@qemu-user-static/errors';
import { type GitHub, hasStatus } from '@qemu-user-static/github';
import { formatLock, type Lock, parseLock } from '@qemu-user-static/lock';
import { BuilderError } from '../report/errors.ts';
import type { OnEvent } from '../report/events.ts';
import { listed } from '../report/problems.ts';
import { type Asset, CONFORMANCE_ASSET, LOCK_ASSET, SUMS_ASSET } from './assets.ts';
import { ensureDraft, listReleases, removeDraft } from './draft.ts';
import type { PreviousRelease } from './notes.ts';
import type { ReleasePlan } from './plan.ts';
import { commitOfTag } from './tag.ts';
import { downloadAsset, ensureAssets, type GitHubReleaseData, listAssets, problemsIn } from './uploads.ts';

/** The wanted state of a release on GitHub. */
export interface WantedRelease {
  readonly plan: ReleasePlan;
  readonly assets: readonly Asset[];
  readonly notes: string;
  /** The commit for the tag, if the tag does not exist yet. */
  readonly commit: string;
}

export interface ReleaseOutcome {
  readonly tag: string;
  readonly url: string;
  readonly action: 'published' | 'unchanged';
  readonly assets: number;
}

/**
 * The newest published release that was made from another lock.
 * @param releases the newest first
 */
export async function previousRelease(
  github: GitHub,
  releases: readonly GitHubReleaseData[],
  lock: Lock,
): Promise<PreviousRelease | null> {
  const ours = formatLock(lock);
  const digest = `sha256:${hash('sha256', ours)}`;
  for (const { draft, tag_name: tag, assets } of releases) {
    const asset = assets.find(({ name, state }) => name === LOCK_ASSET && state === 'uploaded');
    if (draft || asset === undefined || asset.digest === digest) continue;
    const text = Buffer.from(await downloadAsset(github, asset.id)).toString();
    if (text === ours) continue;
    try {
      return { tag, lock: parseLock(text) };
    } catch {
      // Of another form than today's: there is nothing to compare with.
      return null;
    }
  }
  return null;
}

/**
 * Makes a release: as a draft first, which is published when every file is there and its digest, read back, is right. A
 * killed run is resumed; a published release is only compared.
 * @throws BuilderError RELEASE_DIFFERS, TAG_ELSEWHERE, ASSET_NOT_KEPT; GitHubError
 */
export async function makeRelease(
  github: GitHub,
  wanted: WantedRelease,
  onEvent: OnEvent,
): Promise<ReleaseOutcome> {
  const { plan, assets, notes, commit } = wanted;
  const { tag } = plan;
  const releases = await listReleases(github);
  const published = publishedOf(tag, releases);
  if (published !== undefined) {
    await assertSame(github, published, wanted, onEvent);
    for (const left of releases.filter(({ draft, tag_name }) => draft && tag_name === tag))
      onEvent({
        type: 'note',
        text: `${tag} is published, and a draft of it is left: ${printable(left.html_url)}`,
      });
    return { tag, url: published.html_url, action: 'unchanged', assets: assets.length };
  }
  await assertTagHere(github, wanted);
  const draft = await ensureDraft(github, { tag, notes, commit });
  await ensureAssets(github, draft, assets, onEvent);
  const problems = await problemsIn(github, await listAssets(github, draft), assets);
  if (problems.length > 0) throw new BuilderError('ASSET_NOT_KEPT', `${tag}:${listed(problems)}`);
  try {
    return { tag, url: await publish(github, draft, plan), action: 'published', assets: assets.length };
  } catch (error) {
    const other = hasStatus(error, 422) ? publishedOf(tag, await listReleases(github)) : undefined;
    if (other === undefined) throw error;
    // Another run was faster, with a draft of its own.
    await assertSame(github, other, wanted, onEvent);
    await removeDraft(github, draft);
    return { tag, url: other.html_url, action: 'unchanged', assets: assets.length };
  }
}

function publishedOf(tag: string, releases: readonly GitHubReleaseData[]): GitHubReleaseData | undefined {
  return releases.find(({ draft, tag_name }) => !draft && tag_name === tag);
}

async function publish(
  { api, repository }: GitHub,
  { id }: GitHubReleaseData,
  { isLatest }: ReleasePlan,
): Promise<string> {
  const change = { draft: false, make_latest: isLatest ? 'true' : 'false' } as const;
  return (await api.rest.repos.updateRelease({ ...repository, release_id: id, ...change })).data.html_url;
}

/** Provenance names the commit that is checked out, and the release's tag must not name another. */
async function assertTagHere(github: GitHub, { plan: { tag }, commit }: WantedRelease): Promise<void> {
  const tagged = await commitOfTag(github, tag);
  if (tagged !== null && tagged !== commit)
    throw new BuilderError('TAG_ELSEWHERE', `${tag} is on ${tagged}, and ${commit} is checked out`);
}

/** Files that may be others while a version stays the same: those about other versions too, and the sums. */
const OF_THE_RUN: ReadonlySet<string> = new Set([LOCK_ASSET, CONFORMANCE_ASSET, SUMS_ASSET]);

/** A published release is never changed. What follows from this version may not differ. */
async function assertSame(
  github: GitHub,
  published: GitHubReleaseData,
  { plan, assets }: WantedRelease,
  onEvent: OnEvent,
): Promise<void> {
  const there = await listAssets(github, published);
  for (const { name } of there)
    if (!assets.some((asset) => asset.name === name))
      onEvent({ type: 'note', text: `${plan.tag}: ${printable(name)} on GitHub is not of this release` });
  const fixed = assets.filter(({ name }) => !OF_THE_RUN.has(name));
  const problems = await problemsIn(github, there, fixed);
  if (problems.length > 0)
    throw new BuilderError(
      'RELEASE_DIFFERS',
      `${plan.tag} is published with other files:${listed(problems)}`,
    );
}
