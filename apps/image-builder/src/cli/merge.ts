import type { Declaration } from '../commands/command.ts';
import { type CommonOptions, type ImagesOptions, images, json, output } from '../commands/options.ts';

export interface MergeOptions extends ImagesOptions, CommonOptions {
  readonly output: string;
}

export const merge: Declaration = {
  name: 'merge',
  description: 'write the layouts of several machines as one, the same as one machine would have made',
  options: [...images(), output(), json()],
  async run(options: MergeOptions, environment) {
    const { mergeCommand } = await import('../commands/merge.ts');
    return mergeCommand(options, environment);
  },
};
