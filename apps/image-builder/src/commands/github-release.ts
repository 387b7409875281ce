import { readFile } from 'node:fs/promises';
import { Option } from '@commander-js/extra-typings';
import { readLock } from '@qemu-user-static/lock';
import {
  formatMade,
  type PreparedReleases,
  prepareReleases,
  publishReleases,
  type ReleaseFiles,
  type ReleaseTarget,
} from '../github-release/releases.ts';
import { stage } from '../report/events.ts';
import { megabytes } from '../report/format.ts';
import { command as define, type Result } from './command.ts';
import type { Environment } from './environment.ts';
import { imagesIn, verdictOn } from './images.ts';
import { archive, gates, layouts, releaseFiles } from './options.ts';

const options = [
  new Option(
    '--github <repository>',
    'repository on GitHub, OWNER/REPO (default: GITHUB_REPOSITORY, or that of package.json)',
  ),
  ...layouts(),
  ...releaseFiles(),
  ...gates(),
  new Option('--push', 'make the releases; without it the files are made, and nothing is sent'),
  ...archive(),
] as const;

const examples = [
  ['github-release', 'make the files in dist/github, send nothing'],
  ['github-release --github owner/repo --push', 'make the releases'],
] as const;

/** Makes the files of the releases of existing layouts; with --push the releases. */
export const command = define(options, examples, async (given, environment) => {
  if (!given.push) return prepareOnly(given.layout, given, environment);
  return pushed(given.layout, given, await releaseTarget(given.github, environment), environment);
});

/** Files with what the checks of guest programs found. */
interface Verdicts {
  readonly gate?: readonly string[] | undefined;
}

/**
 * Where releases go. Called before anything is made: it is what can be missing.
 * @throws BuilderError GITHUB_TOKEN_MISSING, COMMIT_UNKNOWN
 * @throws GitHubSettingError GITHUB_SETTING_INVALID
 */
export async function releaseTarget(
  repository: string | undefined,
  environment: Environment,
): Promise<ReleaseTarget> {
  const github = await environment.github(repository, 'write');
  const { commit } = await environment.builder();
  return { github, commit };
}

/** Makes the releases of layouts on GitHub. @throws as `publishReleases` */
export async function pushed(
  folders: string[],
  files: ReleaseFiles & Verdicts,
  target: ReleaseTarget,
  environment: Environment,
): Promise<Result> {
  const prepared = await prepare(folders, files, environment);
  const releases = await publishReleases(prepared, target, environment.onEvent);
  return { text: formatMade(releases), value: { releases } };
}

/** Makes the files of releases, and sends nothing. */
export async function prepareOnly(
  folders: string[],
  files: ReleaseFiles & Verdicts,
  environment: Environment,
): Promise<Result> {
  const { releases } = await prepare(folders, files, environment);
  const value = releases.map(({ plan: { tag }, assets }) => ({
    tag,
    assets: assets.map(({ name, size, sha256 }) => ({ name, size, sha256 })),
  }));
  const lines = value.map(({ tag, assets }) => {
    const bytes = assets.reduce((sum, { size }) => sum + size, 0);
    return `${tag}: ${assets.length} files, ${megabytes(bytes)}`;
  });
  return {
    text: [...lines, 'nothing was sent; --push makes the releases'].join('\n'),
    value: { releases: value },
  };
}

async function prepare(
  folders: string[],
  files: ReleaseFiles & Verdicts,
  environment: Environment,
): Promise<PreparedReleases> {
  const set = await imagesIn({ layout: folders, platform: [], tag: [] }, environment);
  const { paths, onEvent } = environment;
  const lock = await readLock(paths.lock);
  const conformance = await readFile(paths.conformance, 'utf8');
  const gate = await verdictOn(set, files.gate, environment);
  return stage('github-release', onEvent, () => prepareReleases({ lock, set, conformance, gate }, files));
}
