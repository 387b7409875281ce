import { readLock } from '@qemu-user-static/lock';
import type { GitHubReleaseOptions } from '../cli/github-release.ts';
import {
  formatMade,
  type PreparedReleases,
  prepareReleases,
  publishReleases,
  type ReleaseFiles,
  type ReleaseTarget,
} from '../github-release/releases.ts';
import { stage } from '../release/pipeline.ts';
import { megabytes } from '../report/format.ts';
import type { Environment } from './environment.ts';
import { imagesIn } from './images.ts';
import type { Result } from './result.ts';

/** Writes the files of the releases of layouts; with --push it makes the releases. */
export async function gitHubReleaseCommand(
  options: GitHubReleaseOptions,
  environment: Environment,
): Promise<Result> {
  const target = options.push ? await releaseTarget(options.github, environment) : null;
  const prepared = await prepareGitHubReleases(options.from, options, environment);
  if (target !== null) {
    const made = await publishReleases(prepared, target, environment.onEvent);
    return { text: formatMade(made), value: made };
  }
  const value = prepared.releases.map(({ plan: { tag }, assets }) => ({
    tag,
    assets: assets.map(({ name, size, sha256 }) => ({ name, size, sha256 })),
  }));
  const lines = value.map(
    ({ tag, assets }) => `${tag}: ${assets.length} files, ${megabytes(sizeOf(assets))}`,
  );
  return { text: [...lines, 'nothing was sent; --push makes the releases'].join('\n'), value };
}

/**
 * Finds out before anything is made whether the releases can be.
 * @throws BuilderError USAGE, GITHUB_TOKEN_MISSING, COMMIT_UNKNOWN
 */
export async function releaseTarget(
  repository: string | undefined,
  environment: Environment,
): Promise<ReleaseTarget> {
  const github = await environment.github(repository, 'write');
  const { commit } = await environment.builder();
  return { github, commit };
}

/** The releases of layouts, with their files on disk. @throws as `imagesIn` and `prepareReleases` */
export async function prepareGitHubReleases(
  from: readonly string[],
  files: ReleaseFiles,
  environment: Environment,
): Promise<PreparedReleases> {
  const lock = await readLock(environment.paths.lock);
  const set = await imagesIn({ from: [...from], platform: [], tag: [] }, environment);
  const template = await environment.template();
  return stage('github-release', environment.onEvent, () => prepareReleases({ lock, set, template }, files));
}

function sizeOf(assets: readonly { readonly size: number }[]): number {
  return assets.reduce((sum, { size }) => sum + size, 0);
}
