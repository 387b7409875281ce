import { type GitHub, hasStatus } from '@qemu-user-static/github';

/** The commit that a tag is on, through the annotation that it may have; null if the tag does not exist. */
export async function commitOfTag({ api, repository }: GitHub, tag: string): Promise<string | null> {
  const found = await api.rest.git.getRef({ ...repository, ref: `tags/${tag}` }).catch((error: unknown) => {
    if (!hasStatus(error, 404)) throw error;
    return null;
  });
  if (found === null) return null;
  const { type, sha } = found.data.object;
  if (type !== 'tag') return sha;
  return (await api.rest.git.getTag({ ...repository, tag_sha: sha })).data.object.sha;
}
