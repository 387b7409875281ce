import type { Declaration } from '../commands/command.ts';
import { type CommonOptions, json, output } from '../commands/options.ts';

export interface CheckOptions extends CommonOptions {
  readonly output: string;
}

export const check: Declaration = {
  name: 'check',
  description: 'prove an OCI layout: digests, contents, one run of every emulator this machine can run',
  options: [output(), json()],
  async run(options: CheckOptions, environment) {
    const { checkCommand } = await import('../commands/release.ts');
    return checkCommand(options, environment);
  },
};
