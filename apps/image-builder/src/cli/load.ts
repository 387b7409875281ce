import type { Declaration } from '../commands/command.ts';
import { json, type NamedImageOptions, oneImage, repository } from '../commands/options.ts';

export const load: Declaration = {
  name: 'load',
  description: 'put one image of the layout into the container engine of this machine',
  options: [...oneImage(), repository(), json()],
  async run(options: NamedImageOptions, environment) {
    const { loadCommand } = await import('../commands/load.ts');
    return loadCommand(options, environment);
  },
};
