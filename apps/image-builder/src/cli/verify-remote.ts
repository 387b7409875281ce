import { Option } from 'commander';
import type { Declaration } from '../commands/command.ts';
import { type RegistryOptions, registries } from '../commands/options.ts';
import { type BuildOptions, making } from './build.ts';

export interface VerifyRemoteOptions extends BuildOptions, RegistryOptions {
  readonly at: string;
  readonly deep?: true;
}

export const verifyRemote: Declaration = {
  name: 'verify-remote',
  description: 'prove that a registry serves what the lock gives; builds the layout to compare',
  options: [
    new Option('--at <image>', 'a repository, or one tag of it').makeOptionMandatory(),
    new Option('--deep', 'fetch and hash every blob'),
    ...registries(),
    ...making(),
  ],
  async run(options: VerifyRemoteOptions, environment) {
    const { verifyRemoteCommand } = await import('../commands/verify-remote.ts');
    return verifyRemoteCommand(options, environment);
  },
};
