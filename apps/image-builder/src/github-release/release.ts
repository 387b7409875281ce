import { hash } from 'node:crypto';
import { BuilderError } from '../errors.ts';
import type { OnEvent } from '../events.ts';
import type { GitHub } from '../github/client.ts';
import { isSameText } from '../github/keep-one.ts';
import { formatLock, type Lock, parseLock } from '../lock.ts';
import { listed } from '../publish/problems.ts';
import { type Asset, LOCK_ASSET, SUMS_ASSET } from './assets.ts';
import type { PreviousRelease } from './notes.ts';
import type { ReleasePlan } from './plan.ts';
import { download, ensureAssets, type GitHubReleaseData, listAssets, problemsIn } from './uploads.ts';

/** What a release on GitHub is to be. */
export interface WantedRelease {
  readonly plan: ReleasePlan;
  readonly assets: readonly Asset[];
  readonly notes: string;
  /** The commit that the tag is put on, where there is no such tag yet. */
  readonly commit: string;
}

export interface MadeRelease {
  readonly tag: string;
  readonly url: string;
  readonly action: 'published' | 'unchanged';
  readonly assets: number;
}

/** Every release of the repository, drafts too, the newest first. */
export function listReleases({ api, repository }: GitHub): Promise<GitHubReleaseData[]> {
  return api.paginate(api.rest.repos.listReleases, { ...repository, per_page: 100 });
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
    const text = Buffer.from(await download(github, asset.id)).toString();
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
 * run that was killed is gone on with; a release that is published is only compared.
 * @throws BuilderError RELEASE_DIFFERS, ASSET_NOT_KEPT; GitHubError
 */
export async function makeRelease(
  github: GitHub,
  wanted: WantedRelease,
  releases: readonly GitHubReleaseData[],
  onEvent: OnEvent,
): Promise<MadeRelease> {
  const { api, repository } = github;
  const { tag } = wanted.plan;
  const published = releases.find(({ draft, tag_name }) => !draft && tag_name === tag);
  if (published !== undefined) {
    await assertSame(github, published, wanted);
    return { tag, url: published.html_url, action: 'unchanged', assets: wanted.assets.length };
  }
  const draft = await ensureDraft(github, wanted);
  await ensureAssets(github, draft, wanted.assets, onEvent);
  const problems = await problemsIn(github, await listAssets(github, draft), wanted.assets);
  if (problems.length > 0) throw new BuilderError('ASSET_NOT_KEPT', `${tag}:${listed(problems)}`);
  const { data } = await api.rest.repos.updateRelease({
    ...repository,
    release_id: draft.id,
    draft: false,
    make_latest: wanted.plan.isLatest ? 'true' : 'false',
  });
  return { tag, url: data.html_url, action: 'published', assets: wanted.assets.length };
}

async function ensureDraft(github: GitHub, wanted: WantedRelease): Promise<GitHubReleaseData> {
  const { api, repository } = github;
  const { plan, notes, commit } = wanted;
  const text = { name: `QEMU ${plan.tag.slice(1)}`, body: notes, target_commitish: commit };
  const draft = await github.ensure(
    async () => (await listReleases(github)).find(({ draft, tag_name }) => draft && tag_name === plan.tag),
    async () => {
      const parameters = { ...repository, ...text, tag_name: plan.tag, draft: true };
      return (await api.rest.repos.createRelease(parameters)).data;
    },
  );
  const isSame =
    draft.name === text.name &&
    isSameText(draft.body, text.body) &&
    draft.target_commitish === text.target_commitish;
  if (isSame) return draft;
  return (await api.rest.repos.updateRelease({ ...repository, ...text, release_id: draft.id })).data;
}

/**
 * A published release is never changed. Its lock, and with it the sums, may be another: one in which other versions of
 * QEMU differ. What follows from this version may not.
 */
async function assertSame(
  github: GitHub,
  published: GitHubReleaseData,
  { plan, assets }: WantedRelease,
): Promise<void> {
  const there = await listAssets(github, published);
  const fixed = assets.filter(({ name }) => name !== LOCK_ASSET && name !== SUMS_ASSET);
  const problems = await problemsIn(github, there, fixed);
  if (problems.length > 0)
    throw new BuilderError(
      'RELEASE_DIFFERS',
      `${plan.tag} is published with other files:${listed(problems)}`,
    );
}
