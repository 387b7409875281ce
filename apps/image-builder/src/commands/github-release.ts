import { join } from 'node:path';
import type { HostPlatform } from '@qemu-user-static/arch-table';
import type { GitHub } from '@qemu-user-static/github';
import { formatLock, readLock } from '@qemu-user-static/lock';
import type { GitHubReleaseOptions } from '../cli/github-release.ts';
import { type Asset, makeAssets } from '../github-release/assets.ts';
import { listReleases } from '../github-release/draft.ts';
import { releaseNotes } from '../github-release/notes.ts';
import { planReleases, type ReleasePlan } from '../github-release/plan.ts';
import { type MadeRelease, makeRelease, previousRelease } from '../github-release/release.ts';
import { stage } from '../release/pipeline.ts';
import { megabytes } from '../report/format.ts';
import type { Environment } from './environment.ts';
import { imagesIn } from './images.ts';
import type { ReleaseFilesOptions } from './options.ts';
import type { Result } from './result.ts';

/** The files of the releases of layouts that are there; with --push the releases. */
export async function gitHubReleaseCommand(
  options: GitHubReleaseOptions,
  environment: Environment,
): Promise<Result> {
  if (options.push) {
    const target = await releaseTarget(options.github, environment);
    const made = await makeGitHubReleases(options.from, options, target, environment);
    return { text: formatMade(made), value: made };
  }
  const planned = await prepareReleases(options.from, options, environment);
  const value = planned.map(({ plan: { tag }, assets }) => ({
    tag,
    assets: assets.map(({ name, size, sha256 }) => ({ name, size, sha256 })),
  }));
  const lines = value.map(
    ({ tag, assets }) => `${tag}: ${assets.length} files, ${megabytes(sizeOf(assets))}`,
  );
  return { text: [...lines, 'nothing was sent; --push makes the releases'].join('\n'), value };
}

/** Where releases go, and the commit that they are of. */
export interface ReleaseTarget {
  readonly github: GitHub;
  readonly commit: string;
}

/** To be asked for before anything is made: it is what can be missing. @throws BuilderError USAGE, GITHUB_TOKEN_MISSING, COMMIT_UNKNOWN */
export async function releaseTarget(
  repository: string | undefined,
  environment: Environment,
): Promise<ReleaseTarget> {
  const github = await environment.github(repository, 'write');
  const { commit } = await environment.builder();
  return { github, commit };
}

/** Makes the releases of layouts. @throws BuilderError GITHUB_*, RELEASE_DIFFERS, TAG_ELSEWHERE, ASSET_NOT_KEPT */
export async function makeGitHubReleases(
  from: readonly string[],
  options: ReleaseFilesOptions,
  target: ReleaseTarget,
  environment: Environment,
): Promise<MadeRelease[]> {
  return publishReleases(await prepareReleases(from, options, environment), target, environment);
}

/** A release, and its files on disk. */
export interface PreparedRelease {
  readonly plan: ReleasePlan;
  readonly assets: readonly Asset[];
  /** The host whose files have no host in their names. */
  readonly plainHost: HostPlatform;
}

/** The releases that layouts give, and their files, made. */
export async function prepareReleases(
  from: readonly string[],
  { plainHost, assets }: ReleaseFilesOptions,
  environment: Environment,
): Promise<PreparedRelease[]> {
  const lock = await readLock(environment.paths.lock);
  const set = await imagesIn({ from: [...from], platform: [], tag: [] }, environment);
  const plans = planReleases(lock, set, await environment.template());
  return stage('github-release', environment.onEvent, async () => {
    const planned: PreparedRelease[] = [];
    for (const plan of plans) {
      const made = await makeAssets(plan, formatLock(lock), plainHost, join(assets, plan.tag));
      planned.push({ plan, assets: made, plainHost });
    }
    return planned;
  });
}

/** Makes them on GitHub, one after the other. @throws as `makeRelease` */
export async function publishReleases(
  planned: readonly PreparedRelease[],
  { github, commit }: ReleaseTarget,
  environment: Environment,
): Promise<MadeRelease[]> {
  const lock = await readLock(environment.paths.lock);
  const previous = await previousRelease(github, await listReleases(github), lock);
  const made: MadeRelease[] = [];
  for (const { plan, assets, plainHost } of planned) {
    const notes = releaseNotes(plan, lock, assets, plainHost, previous);
    made.push(await makeRelease(github, { plan, assets, notes, commit }, environment.onEvent));
  }
  return made;
}

export function formatMade(made: readonly MadeRelease[]): string {
  return made.map(({ tag, action, assets, url }) => `${tag}: ${action}, ${assets} files, ${url}`).join('\n');
}

function sizeOf(assets: readonly { readonly size: number }[]): number {
  return assets.reduce((sum, { size }) => sum + size, 0);
}
