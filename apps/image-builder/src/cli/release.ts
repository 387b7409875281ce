import { Option } from 'commander';
import type { Declaration } from '../commands/command.ts';
import { gitHub, type ReleaseFilesOptions, releaseFiles } from '../commands/options.ts';
import { type BuildOptions, making } from './build.ts';

export interface ReleaseOptions extends BuildOptions, ReleaseFilesOptions {
  readonly github?: string;
  readonly requireSmoke?: true;
}

export const release: Declaration = {
  name: 'release',
  description: 'fetch, build, check and smoke: everything from sources.lock.json to a proven OCI layout',
  options: [
    new Option('--require-smoke', 'fail where no container engine is at hand to try the images on'),
    gitHub('then make the release of each QEMU version on GitHub, in OWNER/REPO'),
    ...releaseFiles(),
    ...making(),
  ],
  async run(options: ReleaseOptions, environment) {
    const { releaseCommand } = await import('../commands/release.ts');
    return releaseCommand(options, environment);
  },
};
