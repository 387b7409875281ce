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

export interface AttestOptions extends ImagesOptions, DestinationOptions {
  readonly key?: string;
  readonly push?: true;
}

export const attest: Declaration = {
  name: 'attest',
  description:
    'show what published images lack of bills of materials, provenance and signatures; with --push, attach it',
  options: [
    destination(),
    ...images(),
    new Option(
      '--key <file>',
      'sign with this private key; env://NAME takes it from a variable (default: the GitHub workflow signs, or nobody)',
    ),
    new Option('--push', 'do what the plan says; without it nothing is changed'),
    ...registries(),
    json(),
  ],
  async run(options: AttestOptions, environment) {
    const { attestCommand } = await import('../commands/attest.ts');
    return attestCommand(options, environment);
  },
};
