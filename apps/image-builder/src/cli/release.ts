import { Option } from 'commander';
import { type BuildOptions, making } from './build.ts';
import type { Declaration } from './declaration.ts';

export interface ReleaseOptions extends BuildOptions {
  readonly requireSmoke?: true;
}

export const release: Declaration = {
  name: 'release',
  description: 'fetch, build, check and smoke: everything from sources.lock.json to a proven OCI layout',
  options: [
    new Option('--require-smoke', 'fail where no container engine is at hand to try the images on'),
    ...making(),
  ],
  async run(options: ReleaseOptions, environment) {
    const { releaseCommand } = await import('../commands/release.ts');
    return releaseCommand(options, environment);
  },
};
