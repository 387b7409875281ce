import { Option } from '@commander-js/extra-typings';
import type { HostPlatform } from '@qemu-user-static/arch-table';
import { readLock } from '@qemu-user-static/lock';
import { release } from '../release/pipeline.ts';
import { formatSummary } from '../release/summary.ts';
import { BuilderError } from '../report/errors.ts';
import { command as define } from './command.ts';
import { buildInputs, type Environment } from './environment.ts';
import { making, releaseFiles, selectionOf } from './options.ts';

const options = [
  new Option('--require-smoke', 'fail if no container engine is available to try the images on'),
  new Option('--github <repository>', 'then make the release of each QEMU version on GitHub, in OWNER/REPO'),
  ...releaseFiles(),
  ...making(),
] as const;

const examples = [
  ['release', 'every image of channel latest, into dist/oci'],
  ['release --platform linux/amd64', 'only the images of one host platform'],
  ['release --channel latest,stable --json', 'two channels; the summary as JSON'],
] as const;

export const command = define(options, examples, async (given, environment) => {
  const target =
    given.github === undefined ? null : await gitHubTarget(given.github, given.platform, environment);
  const { output, compression: compressions } = given;
  const summary = await release(
    await readLock(environment.paths.lock),
    { ...selectionOf(given), output, compressions, requireSmoke: given.requireSmoke ?? false },
    await buildInputs(environment),
  );
  if (target === null) return { text: formatSummary(summary), value: summary };
  const { makeGitHubReleases } = await import('./github-release.ts');
  const { formatMade } = await import('../github-release/releases.ts');
  const gitHubReleases = await makeGitHubReleases([output], given, target, environment);
  return {
    text: `${formatSummary(summary)}\n${formatMade(gitHubReleases)}`,
    value: { ...summary, gitHubReleases },
  };
});

/** Called first: what can keep the releases from being made is found out before the layout is built. */
async function gitHubTarget(github: string, platforms: readonly HostPlatform[], environment: Environment) {
  if (platforms.length > 0)
    throw new BuilderError('USAGE', 'a release on GitHub has every platform: --github without --platform');
  const { releaseTarget } = await import('./github-release.ts');
  return releaseTarget(github, environment);
}
