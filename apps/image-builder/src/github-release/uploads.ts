import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type GitHub, ignoreMissing, listAll } from '@qemu-user-static/github';
import type { OnEvent } from '../report/events.ts';
import type { Asset } from './assets.ts';

type Api = GitHub['api']['rest']['repos'];
export type GitHubReleaseData = Awaited<ReturnType<Api['createRelease']>>['data'];
type GitHubAsset = Awaited<ReturnType<Api['listReleaseAssets']>>['data'][number];

/** Uploads what is missing, one after the other, as GitHub asks for; what is there and not wanted goes. */
export async function ensureAssets(
  github: GitHub,
  draft: GitHubReleaseData,
  assets: readonly Asset[],
  onEvent: OnEvent,
): Promise<void> {
  const { api, repository } = github;
  const wanted = new Map(assets.map((asset) => [asset.name, asset]));
  const soundAssets = async () => {
    const sound = new Set<string>();
    for (const there of await listAssets(github, draft)) {
      const asset = wanted.get(there.name);
      if (asset !== undefined && (await problemOf(github, there, asset)) === null) sound.add(there.name);
      else await ignoreMissing(api.rest.repos.deleteReleaseAsset({ ...repository, asset_id: there.id }));
    }
    return sound;
  };

  let sound = await soundAssets();
  const missing = assets.filter(({ name }) => !sound.has(name));
  const bytes = missing.reduce((sum, { size }) => sum + size, 0);
  onEvent({ type: 'expected', unit: 'files', count: missing.length, bytes });
  for (const asset of assets) {
    let isFirst = true;
    await github.ensure(
      async () => {
        // After a failure: perhaps it arrived, perhaps half of it is in the way.
        if (!isFirst) sound = await soundAssets();
        isFirst = false;
        return sound.has(asset.name) ? true : undefined;
      },
      async () => {
        await upload(github, draft, asset);
        onEvent({ type: 'asset-sent', name: asset.name, size: asset.size });
        return true;
      },
    );
  }
}

async function upload({ api }: GitHub, draft: GitHubReleaseData, asset: Asset): Promise<void> {
  await api.request({
    method: 'POST',
    url: draft.upload_url,
    name: asset.name,
    headers: {
      'content-type': asset.name.endsWith('.gz') ? 'application/gzip' : 'application/octet-stream',
      'content-length': String(asset.size),
    },
    data: createReadStream(asset.path),
  });
}

/** The files of a release, those that are not whole too. */
export function listAssets({ api, repository }: GitHub, { id }: GitHubReleaseData): Promise<GitHubAsset[]> {
  return listAll(api.rest.repos.listReleaseAssets, { ...repository, release_id: id });
}

/** The assets that are missing or differ. */
export async function problemsIn(
  github: GitHub,
  there: readonly GitHubAsset[],
  assets: readonly Asset[],
): Promise<string[]> {
  const problems: string[] = [];
  for (const asset of assets) {
    const found = there.find(({ name }) => name === asset.name);
    const problem = found === undefined ? `${asset.name} is missing` : await problemOf(github, found, asset);
    if (problem !== null) problems.push(problem);
  }
  return problems;
}

/** By the digest that GitHub reports, or by the bytes if it reports none. */
async function problemOf(github: GitHub, there: GitHubAsset, asset: Asset): Promise<string | null> {
  if (there.state !== 'uploaded') return `${asset.name} is not whole`;
  const expected = `sha256:${asset.sha256}`;
  const found = there.digest ?? `sha256:${await downloadedHash(github, there.id)}`;
  return found === expected ? null : `${asset.name} is ${found}, not ${expected}`;
}

/** The bytes of a file. */
export async function downloadAsset({ api, repository }: GitHub, id: number): Promise<ArrayBuffer> {
  const { data } = await api.rest.repos.getReleaseAsset({
    ...repository,
    asset_id: id,
    headers: { accept: 'application/octet-stream' },
  });
  // With this Accept header the answer is the file itself; the type knows only the other one.
  return data as unknown as ArrayBuffer;
}

async function downloadedHash(github: GitHub, id: number): Promise<string> {
  return createHash('sha256')
    .update(Buffer.from(await downloadAsset(github, id)))
    .digest('hex');
}
