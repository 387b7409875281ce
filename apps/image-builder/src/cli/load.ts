import type { Declaration } from './declaration.ts';
import { type ImageOptions, json, oneImage } from './options.ts';

export const load: Declaration = {
  name: 'load',
  description: 'put one image of the layout into the container engine of this machine',
  options: [...oneImage(), json()],
  async run(options: ImageOptions, environment) {
    const { loadCommand } = await import('../commands/load.ts');
    return loadCommand(options, environment);
  },
};
