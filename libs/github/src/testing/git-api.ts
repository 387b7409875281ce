import { type Answer, created, invalid, notFound, ok, type Route } from './route.ts';
import type { Repository } from './store.ts';

const oid = (sha: string) => ({ sha, url: '' });

/** The repository itself: its name, tags, refs and objects. https://docs.github.com/rest/git */
export const GIT: readonly Route[] = [
  ['GET', /^$/, ({ repository, name }) => ok({ full_name: name, default_branch: repository.defaultBranch })],
  ['GET', /^\/tags$/, ({ repository }) => ({ status: 200, list: tagsOf(repository) })],
  ['GET', /^\/git\/ref\/(.+)$/, ({ repository }, [name = '']) => refAnswer(repository, name, 200)],
  [
    'POST',
    /^\/git\/refs$/,
    ({ repository }, _, body: { ref?: string; sha?: string }) => {
      const { ref = '', sha = '' } = body;
      const name = ref.replace(/^refs\//, '');
      if (repository.refs.has(name)) return invalid('Reference already exists', 'already_exists');
      if (!repository.commits.has(sha)) return invalid('Object does not exist');
      repository.refs.set(name, sha);
      return refAnswer(repository, name, 201);
    },
  ],
  [
    'PATCH',
    /^\/git\/refs\/(.+)$/,
    ({ repository }, [name = ''], body: { sha?: string; force?: boolean }) => {
      const { sha = '', force = false } = body;
      const old = repository.refs.get(name);
      if (old === undefined) return invalid('Reference does not exist');
      if (!force && !repository.commits.get(sha)?.parents.includes(old))
        return invalid('Update is not a fast forward');
      repository.refs.set(name, sha);
      return refAnswer(repository, name, 200);
    },
  ],
  [
    'GET',
    /^\/git\/tags\/(\w+)$/,
    ({ repository }, [sha = '']) => {
      const commit = repository.annotations.get(sha);
      return commit === undefined ? notFound : ok({ sha, object: { sha: commit, type: 'commit' } });
    },
  ],
  [
    'GET',
    /^\/git\/commits\/(\w+)$/,
    ({ repository }, [sha = '']) => {
      const commit = repository.commits.get(sha);
      if (commit === undefined) return notFound;
      return ok({ sha, message: commit.message, tree: oid(commit.tree), parents: commit.parents.map(oid) });
    },
  ],
  [
    'POST',
    /^\/git\/commits$/,
    ({ repository }, _, body: { message: string; tree: string; parents: string[] }) => {
      const { message, tree, parents } = body;
      if (!repository.trees.has(tree)) return invalid('Tree SHA does not exist');
      return created({ sha: repository.commit({ message, tree, parents }) });
    },
  ],
  [
    'GET',
    /^\/git\/trees\/(\w+)$/,
    ({ repository }, [sha = '']) => {
      const tree = repository.trees.get(sha);
      if (tree === undefined) return notFound;
      return ok({
        sha,
        truncated: false,
        tree: [...tree].map(([path, blob]) => ({ path, sha: blob, type: 'blob' })),
      });
    },
  ],
  [
    'POST',
    /^\/git\/trees$/,
    ({ repository }, _, body: { base_tree: string; tree: { path: string; sha: string }[] }) => {
      const base = repository.trees.get(body.base_tree);
      if (base === undefined) return notFound;
      const changed = new Map([...base, ...body.tree.map(({ path, sha }) => [path, sha] as const)]);
      return created({ sha: repository.tree(changed) });
    },
  ],
  [
    'GET',
    /^\/git\/blobs\/(\w+)$/,
    ({ repository }, [sha = '']) => {
      const blob = repository.blobs.get(sha);
      return blob === undefined
        ? notFound
        : ok({ sha, encoding: 'base64', content: blob.toString('base64') });
    },
  ],
  [
    'POST',
    /^\/git\/blobs$/,
    ({ repository }, _, body: { content: string; encoding: BufferEncoding }) =>
      created(oid(repository.blob(Buffer.from(body.content, body.encoding)))),
  ],
];

function refAnswer({ refs, annotations }: Repository, name: string, status: number): Answer {
  const sha = refs.get(name);
  if (sha === undefined) return notFound;
  const type = annotations.has(sha) ? 'tag' : 'commit';
  return { status, body: { ref: `refs/${name}`, object: { sha, type } } };
}

/** As GitHub lists them: by name, backwards. */
function tagsOf({ refs }: Repository) {
  const names = [...refs.keys()].filter((name) => name.startsWith('tags/')).map((name) => name.slice(5));
  return names
    .sort()
    .reverse()
    .map((name) => ({ name }));
}
