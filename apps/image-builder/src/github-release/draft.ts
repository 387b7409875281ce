import { type GitHub, ignoreMissing, isSameText, listAll } from '@qemu-user-static/github';
import type { GitHubReleaseData } from './uploads.ts';

/** Every release of the repository, drafts too, the newest first. */
export function listReleases({ api, repository }: GitHub): Promise<GitHubReleaseData[]> {
  return listAll(api.rest.repos.listReleases, repository);
}

/** The text of a draft, and the commit of its tag. */
export interface WantedDraft {
  readonly tag: string;
  readonly notes: string;
  readonly commit: string;
}

/**
 * The draft of a tag, made if it does not exist. GitHub lets a tag have several, and two runs at once make two: each looks again
 * after it made one, and goes on with the oldest.
 */
export async function ensureDraft(
  github: GitHub,
  { tag, notes, commit }: WantedDraft,
): Promise<GitHubReleaseData> {
  const { api, repository } = github;
  const text = { name: `QEMU ${tag.slice(1)}`, body: notes, target_commitish: commit };
  const oldest = async () => {
    const drafts = (await listReleases(github)).filter(({ draft, tag_name }) => draft && tag_name === tag);
    return drafts.sort((a, b) => a.id - b.id)[0];
  };
  const draft = await github.ensure(oldest, async () => {
    const parameters = { ...repository, ...text, tag_name: tag, draft: true };
    const { data: made } = await api.rest.repos.createRelease(parameters);
    const first = (await oldest()) ?? made;
    if (first.id !== made.id) await removeDraft(github, made);
    return first;
  });
  const isSame =
    draft.name === text.name &&
    isSameText(draft.body, text.body) &&
    draft.target_commitish === text.target_commitish;
  if (isSame) return draft;
  return (await api.rest.repos.updateRelease({ ...repository, ...text, release_id: draft.id })).data;
}

export async function removeDraft({ api, repository }: GitHub, { id }: GitHubReleaseData): Promise<void> {
  await ignoreMissing(api.rest.repos.deleteRelease({ ...repository, release_id: id }));
}
