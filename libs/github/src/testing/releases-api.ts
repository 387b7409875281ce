import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { type Answer, type Call, created, invalid, notFound, ok, type Route } from './route.ts';
import type { Asset, Release, Repository } from './store.ts';

/** Releases and their assets. https://docs.github.com/rest/releases */
export const RELEASES: readonly Route[] = [
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
      if (isTaken(call, body)) return invalid('tag_name already exists', 'already_exists');
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
      const wanted = { ...release, ...(body as Partial<Release>) };
      // Drafts may share a tag, of which one can be published.
      if (!wanted.draft && isTaken(call, wanted)) return invalid('tag_name already exists', 'already_exists');
      publish(call.repository, Object.assign(release, body), call.now);
      return ok(releaseAnswer(call, release));
    },
  ],
  [
    'DELETE',
    /^\/releases\/(\d+)$/,
    ({ repository }, [id]) => {
      const at = repository.releases.findIndex((release) => release.id === Number(id));
      if (at < 0) return notFound;
      repository.releases.splice(at, 1);
      return { status: 204 };
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

/** Whether another release of that tag is published. */
function isTaken({ repository }: Call, { id, tag_name: tag }: Partial<Release>): boolean {
  return repository.releases.some((one) => !one.draft && one.tag_name === tag && one.id !== id);
}

/** A published release has a date and a tag. */
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
