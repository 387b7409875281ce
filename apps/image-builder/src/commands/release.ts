import { readLock } from '@qemu-user-static/lock';
import { fetch } from '../build/fetch.ts';
import { check } from '../check/check.ts';
import type { BuildOptions } from '../cli/build.ts';
import type { CheckOptions } from '../cli/check.ts';
import type { ReleaseOptions } from '../cli/release.ts';
import { DEFAULT_CHANNEL } from '../images/tags.ts';
import { buildStages, release, stage } from '../release/pipeline.ts';
import { formatSummary } from '../release/summary.ts';
import { BuilderError } from '../report/errors.ts';
import { megabytes } from '../report/format.ts';
import type { Environment } from './environment.ts';
import type { SelectionOptions } from './options.ts';
import type { Result } from './result.ts';

/** Everything: packages, layout, proof; and where it was asked for, the releases on GitHub. */
export async function releaseCommand(options: ReleaseOptions, environment: Environment): Promise<Result> {
  const gitHub = options.github === undefined ? null : await gitHubTarget(options, environment);
  const summary = await release(
    {
      ...selectionOf(options),
      output: options.output,
      compressions: options.compression,
      requireSmoke: options.requireSmoke ?? false,
    },
    environment,
  );
  if (gitHub === null) return { text: formatSummary(summary), value: summary };
  const { formatMade, publishReleases } = await import('../github-release/releases.ts');
  const { prepareGitHubReleases } = await import('./github-release.ts');
  const prepared = await prepareGitHubReleases([options.output], options, environment);
  const gitHubReleases = await publishReleases(prepared, gitHub, environment.onEvent);
  return {
    text: `${formatSummary(summary)}\n${formatMade(gitHubReleases)}`,
    value: { ...summary, gitHubReleases },
  };
}

/** What can keep the releases from being made is found out before the layout is. */
async function gitHubTarget({ github, platform }: ReleaseOptions, environment: Environment) {
  if (platform.length > 0)
    throw new BuilderError('USAGE', 'a release on GitHub has every platform: --github without --platform');
  const { releaseTarget } = await import('./github-release.ts');
  return releaseTarget(github, environment);
}

/** The layout alone. */
export async function buildCommand(options: BuildOptions, environment: Environment): Promise<Result> {
  const { built } = await buildStages(
    { ...selectionOf(options), output: options.output, compressions: options.compression },
    environment,
  );
  const tags = built.tags.map(({ plan, descriptor }) => ({ tag: plan.tag, digest: descriptor.digest }));
  return { text: tags.map(({ tag, digest }) => `${digest} ${tag}`).join('\n'), value: tags };
}

/** The packages alone. */
export async function fetchCommand(options: SelectionOptions, environment: Environment): Promise<Result> {
  const lock = await readLock(environment.paths.lock);
  const context = await environment.archive();
  const fetched = await stage('fetch', environment.onEvent, () => fetch(lock, selectionOf(options), context));
  const files = fetched.flatMap(({ platforms }) =>
    platforms.flatMap(({ locked, emulatorsDeb, shellDeb }) => [
      { package: locked.emulators.path, size: locked.emulators.size, file: emulatorsDeb },
      { package: locked.shell.path, size: locked.shell.size, file: shellDeb },
    ]),
  );
  return {
    text: files.map(({ package: path, size, file }) => `${file}  ${megabytes(size)}  ${path}`).join('\n'),
    value: files,
  };
}

/** A layout that is there, looked at anew. */
export async function checkCommand(
  { output }: CheckOptions,
  { paths, onEvent }: Environment,
): Promise<Result> {
  const lock = await readLock(paths.lock);
  const report = await stage('check', onEvent, () =>
    check({ folder: output }, lock, { onEvent, afresh: true, hashed: new Set() }),
  );
  const ran =
    report.ran === null
      ? 'no emulator run, none is for this machine'
      : `${report.ran.emulators} emulators run on ${report.ran.platform}`;
  return {
    text: `${output}: ${report.tags} tags, ${report.images} images, ${report.layers} layers, ${megabytes(report.bytes)} sound; ${ran}`,
    value: report,
  };
}

/** The channels and platforms asked for. */
export function selectionOf({ channel, platform }: SelectionOptions) {
  return { channels: channel.length > 0 ? [...new Set(channel)] : [DEFAULT_CHANNEL], platforms: platform };
}
