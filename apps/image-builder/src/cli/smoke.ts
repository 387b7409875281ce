import { Option } from 'commander';
import type { Declaration } from '../commands/command.ts';
import { type CommonOptions, json, layout } from '../commands/options.ts';
import { DEFAULT_CHANNEL } from '../images/tags.ts';

export interface SmokeOptions extends CommonOptions {
  readonly layout: string;
  readonly image: string;
}

export const smoke: Declaration = {
  name: 'smoke',
  description: 'try an image of the layout on the container engine of this machine',
  options: [
    new Option('--image <tag>', 'an image with every emulator').default(DEFAULT_CHANNEL),
    layout(),
    json(),
  ],
  async run(options: SmokeOptions, environment) {
    const { smokeCommand } = await import('../commands/smoke.ts');
    return smokeCommand(options, environment);
  },
};
