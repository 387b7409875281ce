import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { json } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import type { Asset, Release, Repository, Thread } from './store.ts';

/** An answer of the API; a list is cut into pages by the server. */
export interface Answer {
  readonly status: number;
  readonly body?: unknown;
  readonly list?: readonly unknown[];
  readonly file?: string;
}

/** One request. */
export interface Call {
  readonly repository: Repository;
  /** Of the server, without a slash at its end. */
  readonly base: string;
  /** `owner/repo`. */
  readonly name: string;
  readonly query: URLSearchParams;
  readonly request: IncomingMessage;
  /** Where assets are kept. */
  readonly folder: string;
  /** Milliseconds since 1970. */
  readonly now: number;
}

type Handler = (call: Call, parts: readonly string[], body: never) => Answer | Promise<Answer>;

const ok = (body: unknown): Answer => ({ status: 200, body });
const created = (body: unknown): Answer => ({ status: 201, body });
const notFound: Answer = { status: 404, body: { message: 'Not Found' } };
const invalid = (message: string, code = 'invalid'): Answer => ({
  status: 422,
  body: { message: 'Validation Failed', errors: [{ code, message }] },
});
const oid = (sha: string) => ({ sha, url: '' });

/** By method and path below `/repos/OWNER/REPO`; groups of the path are handed on. https://docs.github.com/rest */
const ROUTES: readonly (readonly [method: string, path: RegExp, handler: Handler])[] = [
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
    'POST',
    /^\/git\/blobs$/,
    ({ repository }, _, body: { content: string; encoding: BufferEncoding }) =>
      created(oid(repository.blob(Buffer.from(body.content, body.encoding)))),
  ],

  ['GET', /^\/pulls$/, (call) => ({ status: 200, list: threads(call, true) })],
  [
    'POST',
    /^\/pulls$/,
    (call, _, body: { title: string; body: string; head: string; base: string }) => {
      const { repository } = call;
      if (!repository.refs.has(`heads/${body.head}`)) return invalid('head does not exist');
      const isOpen = ({ state, head }: Thread) => state === 'open' && head === body.head;
      if (repository.threads.some(isOpen)) return invalid(`A pull request already exists for ${body.head}.`);
      return created(threadAnswer(call, open(repository, { ...body, labels: [] })));
    },
  ],
  ['GET', /^\/issues$/, (call) => ({ status: 200, list: threads(call, false) })],
  [
    'POST',
    /^\/issues$/,
    (call, _, body: { title: string; body: string; labels?: string[] }) =>
      created(threadAnswer(call, open(call.repository, { ...body, labels: body.labels ?? [] }))),
  ],
  [
    'PATCH',
    /^\/issues\/(\d+)$/,
    (call, [number], body) => {
      const thread = call.repository.threads.find((one) => one.number === Number(number));
      return thread === undefined ? notFound : ok(threadAnswer(call, Object.assign(thread, body)));
    },
  ],

  [
    'GET',
    /^\/releases$/,
    (call) => ({
      status: 200,
      list: [...call.repository.releases].reverse().map((release) => releaseAnswer(call, release)),
    }),
  ],
  [
    'POST',
    /^\/releases$/,
    (call, _, body: Partial<Release>) => {
      const { repository, now } = call;
      const taken = ({ draft, tag_name }: Release) => !draft && tag_name === body.tag_name;
      if (repository.releases.some(taken)) return invalid('tag_name already exists', 'already_exists');
      const release: Release = {
        target_commitish: repository.defaultBranch,
        name: '',
        body: '',
        draft: false,
        prerelease: false,
        make_latest: 'true',
        tag_name: '',
        ...body,
        id: repository.id(),
        published_at: null,
        assets: [],
      };
      repository.releases.push(release);
      publish(repository, release, now);
      return created(releaseAnswer(call, release));
    },
  ],
  [
    'PATCH',
    /^\/releases\/(\d+)$/,
    (call, [id], body) => {
      const release = releaseOf(call, id);
      if (release === undefined) return notFound;
      publish(call.repository, Object.assign(release, body), call.now);
      return ok(releaseAnswer(call, release));
    },
  ],
  [
    'GET',
    /^\/releases\/(\d+)\/assets$/,
    (call, [id]) => {
      const release = releaseOf(call, id);
      if (release === undefined) return notFound;
      return { status: 200, list: release.assets.map((asset) => assetAnswer(call, asset)) };
    },
  ],
  ['POST', /^\/releases\/(\d+)\/assets$/, upload],
  [
    'GET',
    /^\/releases\/assets\/(\d+)$/,
    (call, [id]) => {
      const asset = call.repository.releases
        .flatMap(({ assets }) => assets)
        .find((one) => one.id === Number(id));
      if (asset === undefined) return notFound;
      const wantsBytes = call.request.headers.accept === 'application/octet-stream';
      return wantsBytes ? { status: 200, file: asset.file } : ok(assetAnswer(call, asset));
    },
  ],
  [
    'DELETE',
    /^\/releases\/assets\/(\d+)$/,
    async (call, [id]) => {
      for (const { assets } of call.repository.releases) {
        const at = assets.findIndex((one) => one.id === Number(id));
        if (at < 0) continue;
        const [asset] = assets.splice(at, 1);
        await rm(asset?.file ?? '', { force: true });
        return { status: 204 };
      }
      return notFound;
    },
  ],
];

/** What the API says to a request for a path below `/repos/OWNER/REPO`. */
export async function answer(call: Call, path: string): Promise<Answer> {
  for (const [method, pattern, handler] of ROUTES) {
    const match = call.request.method === method ? pattern.exec(path) : null;
    if (match === null) continue;
    const hasBody = call.request.headers['content-type']?.startsWith('application/json') === true;
    const body = hasBody ? await json(call.request) : {};
    return handler(call, match.slice(1).map(decodeURIComponent), body as never);
  }
  return notFound;
}

function refAnswer({ refs }: Repository, name: string, status: number): Answer {
  const sha = refs.get(name);
  return sha === undefined
    ? notFound
    : { status, body: { ref: `refs/${name}`, object: { sha, type: 'commit' } } };
}

/** As GitHub lists them: by name, backwards. */
function tagsOf({ refs }: Repository) {
  const names = [...refs.keys()].filter((name) => name.startsWith('tags/')).map((name) => name.slice(5));
  return names
    .sort()
    .reverse()
    .map((name) => ({ name }));
}

function open(repository: Repository, thread: Pick<Thread, 'title' | 'body' | 'labels'>): Thread {
  const opened: Thread = { ...thread, number: repository.id(), state: 'open', mergedAt: null };
  repository.threads.push(opened);
  return opened;
}

function threads(call: Call, pulls: boolean) {
  const { repository, query, name } = call;
  const wants = query.get('state') ?? 'open';
  const [owner] = name.split('/');
  return repository.threads
    .filter(({ state }) => wants === 'all' || state === wants)
    .filter(({ head }) => !pulls || head !== undefined)
    .filter(({ head }) => !query.has('head') || query.get('head') === `${owner}:${head}`)
    .filter(({ labels }) => !query.has('labels') || labels.includes(query.get('labels') ?? ''))
    .reverse()
    .map((thread) => threadAnswer(call, thread));
}

function threadAnswer({ base, name }: Call, { mergedAt, labels, ...thread }: Thread) {
  const kind = thread.head === undefined ? 'issues' : 'pull';
  const isPull = thread.head !== undefined;
  return {
    ...thread,
    html_url: `${base}/${name}/${kind}/${thread.number}`,
    labels: labels.map((label) => ({ name: label })),
    ...(isPull && { merged_at: mergedAt, pull_request: {} }),
  };
}

/** A release that is no draft has a date and a tag. */
function publish(repository: Repository, release: Release, now: number): void {
  if (release.draft) return;
  release.published_at ??= new Date(now).toISOString();
  const tag = `tags/${release.tag_name}`;
  const { target_commitish: target } = release;
  const commit = repository.refs.get(`heads/${target}`) ?? target;
  if (!repository.refs.has(tag)) repository.refs.set(tag, commit);
}

function releaseOf({ repository }: Call, id = ''): Release | undefined {
  return repository.releases.find((release) => release.id === Number(id));
}

function releaseAnswer(call: Call, release: Release) {
  const { base, name } = call;
  const below = `${name}/releases/${release.id}`;
  return {
    ...release,
    html_url: `${base}/${name}/releases/tag/${release.tag_name}`,
    upload_url: `${base}/uploads/repos/${below}/assets{?name,label}`,
    assets: release.assets.map((asset) => assetAnswer(call, asset)),
  };
}

function assetAnswer({ base, name }: Call, { file: _, contentType, ...asset }: Asset) {
  return { ...asset, content_type: contentType, url: `${base}/repos/${name}/releases/assets/${asset.id}` };
}

/** An upload that is cut leaves an asset that has a name and no content, which is in the way of the next. */
async function upload(call: Call, [id]: readonly string[]): Promise<Answer> {
  const { repository, request, query, folder } = call;
  const release = releaseOf(call, id);
  const name = query.get('name') ?? '';
  if (release === undefined) return notFound;
  if (release.assets.some((one) => one.name === name)) {
    request.resume();
    return invalid(`${name} already exists`, 'already_exists');
  }
  const number = repository.id();
  const asset: Asset = {
    id: number,
    name,
    contentType: request.headers['content-type'] ?? '',
    state: 'starter',
    size: 0,
    digest: null,
    file: join(folder, String(number)),
  };
  release.assets.push(asset);
  const sha256 = createHash('sha256');
  const counted = async function* (chunks: AsyncIterable<Buffer>) {
    for await (const chunk of chunks) {
      sha256.update(chunk);
      asset.size += chunk.length;
      yield chunk;
    }
  };
  await pipeline(request, counted, createWriteStream(asset.file));
  if (asset.size !== Number(request.headers['content-length'])) return invalid('size differs');
  asset.state = 'uploaded';
  asset.digest = `sha256:${sha256.digest('hex')}`;
  return created(assetAnswer(call, asset));
}

/** The bytes of an answer that is a file. */
export const fileOf = (path: string): Readable => createReadStream(path);
