import { Option } from 'commander';
import type { Declaration } from '../commands/command.ts';
import {
  type DestinationOptions,
  destination,
  type ImagesOptions,
  images,
  json,
  registries,
} from '../commands/options.ts';

export interface PublishOptions extends ImagesOptions, DestinationOptions {
  readonly push?: true;
  readonly thorough?: true;
}

export const publish: Declaration = {
  name: 'publish',
  description: 'show what registries lack of the images; with --push, send it',
  options: [
    destination(),
    ...images(),
    new Option('--push', 'do what the plan says; without it nothing is changed'),
    new Option('--thorough', 'ask about every blob, also where a manifest above it is there'),
    ...registries(),
    json(),
  ],
  async run(options: PublishOptions, environment) {
    const { publishCommand } = await import('../commands/publish.ts');
    return publishCommand(options, environment);
  },
};
