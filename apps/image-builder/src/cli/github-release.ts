import { Option } from 'commander';
import type { Declaration } from '../commands/command.ts';
import {
  type CommonOptions,
  from,
  gitHub,
  json,
  type ReleaseFilesOptions,
  releaseFiles,
} from '../commands/options.ts';

export interface GitHubReleaseOptions extends CommonOptions, ReleaseFilesOptions {
  readonly github?: string;
  readonly from: string[];
  readonly push?: true;
}

export const gitHubRelease: Declaration = {
  name: 'github-release',
  description: 'release the images of layouts on GitHub: emulators as files, sums, the lock, all digests',
  options: [
    gitHub('OWNER/REPO (default: GITHUB_REPOSITORY, or the repository in package.json)'),
    from(),
    ...releaseFiles(),
    new Option('--push', 'make the releases; without it the files are made, and nothing is sent'),
    json(),
  ],
  async run(options: GitHubReleaseOptions, environment) {
    const { gitHubReleaseCommand } = await import('../commands/github-release.ts');
    return gitHubReleaseCommand(options, environment);
  },
};
