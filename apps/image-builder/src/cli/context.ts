import { Option } from 'commander';
import type { Declaration } from '../commands/command.ts';
import { archive, folder, json, type SelectionOptions, selection } from '../commands/options.ts';

export interface ContextOptions extends SelectionOptions {
  readonly image: string;
  readonly output: string;
}

export const context: Declaration = {
  name: 'context',
  description: 'write the rendered Dockerfile and its files into a folder that `docker build` takes',
  options: [
    new Option('--image <name>', 'latest, register, or a guest such as aarch64').default('latest'),
    ...selection(),
    folder('--output <folder>', 'where to write', 'dist/context'),
    ...archive(),
    json(),
  ],
  async run(options: ContextOptions, environment) {
    const { writeContext } = await import('../commands/context.ts');
    return writeContext(options, environment);
  },
};
