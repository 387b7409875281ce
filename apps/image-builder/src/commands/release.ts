import { Option } from '@commander-js/extra-typings';
import { readLock } from '@qemu-user-static/lock';
import { formatSummary } from '../release/format-summary.ts';
import { release } from '../release/pipeline.ts';
import { BuilderError } from '../report/errors.ts';
import { command as define, type OptionsOf, type Result } from './command.ts';
import { buildInputs, type Environment } from './environment.ts';
import { making, releaseFiles, selectionOf, shown } from './options.ts';

const options = [
  new Option('--require-smoke', 'fail if no container engine is available to try the images on'),
  new Option(
    '--github <repository>',
    "then make the files of each QEMU version's release on GitHub, in OWNER/REPO",
  ),
  new Option('--push', 'with --github: make the releases; without it nothing is sent'),
  ...releaseFiles(),
  ...making(),
] as const;

type Options = OptionsOf<typeof options>;

const examples = [
  ['release', 'every image of channel latest, into dist/oci'],
  ['release --platform linux/amd64', 'only the images of one host platform'],
  ['release --channel latest,stable --json', 'two channels; the summary as JSON'],
] as const;

export const command = define(options, examples, async (given, environment) => {
  const afterwards = await gitHubReleases(given, environment);
  const { layout: output, compression: compressions } = given;
  const summary = await release(
    await readLock(environment.paths.lock),
    { ...selectionOf(given), output, compressions, requireSmoke: given.requireSmoke ?? false },
    await buildInputs(environment),
  );
  const { text, value } = await afterwards();
  const parts = [formatSummary(summary, shown(output)), text].filter((part) => part !== '');
  return { text: parts.join('\n\n'), value: { ...summary, ...value } };
});

/**
 * The work on GitHub after the build. Anything that would stop the releases is found here, before the layout
 * is built.
 */
async function gitHubReleases(given: Options, environment: Environment): Promise<() => Promise<Result>> {
  if (given.github === undefined && given.push)
    throw new BuilderError(
      'USAGE',
      '--push goes with --github; to send images to a registry: npx --no image-builder publish --push',
    );
  if (given.github === undefined) return async () => ({ text: '' });
  if (given.platform.length > 0)
    throw new BuilderError('USAGE', 'a release on GitHub has every platform: --github without --platform');
  const { parseRepository } = await import('@qemu-user-static/github');
  parseRepository(given.github);
  const { prepareOnly, pushed, releaseTarget } = await import('./github-release.ts');
  if (!given.push) return () => prepareOnly([given.layout], given, environment);
  const target = await releaseTarget(given.github, environment);
  return () => pushed([given.layout], given, target, environment);
}
