import type { Compression } from '@qemu-user-static/compression';
import { Option } from 'commander';
import type { Declaration } from '../commands/command.ts';
import { archive, compression, json, output, type SelectionOptions, selection } from '../commands/options.ts';
import { BuilderError } from '../report/errors.ts';

export interface BuildOptions extends SelectionOptions {
  readonly output: string;
  readonly compression: Compression[];
  readonly builder?: 'docker';
  /** With a builder: which image it builds. */
  readonly image?: string;
  readonly repository?: string;
}

/** An engine builds one image of one platform, and keeps it: there is no layout then. */
const building = () => [
  new Option(
    '--builder <name>',
    'let the container engine of this machine build one image, and keep it there',
  )
    .choices(['docker'])
    .conflicts(['output', 'compression']),
  new Option(
    '--image <name>',
    'with --builder: latest, register, or a guest such as aarch64 (default: latest)',
  ),
  new Option('--repository <name>', 'with --builder: what the image is called (default: as it is published)'),
];

/** What every command has that makes a layout. */
export const making = () => [...selection(), compression(), output(), ...archive(), json()];

export const build: Declaration = {
  name: 'build',
  description:
    'make the OCI layout from the lock; or, with --builder docker, one image in the container engine',
  options: [...making(), ...building()],
  async run(options: BuildOptions, environment) {
    if (options.builder === 'docker') {
      const { buildOnEngineCommand } = await import('../commands/build-on-engine.ts');
      return buildOnEngineCommand(options, environment);
    }
    if (options.image !== undefined || options.repository !== undefined)
      throw new BuilderError('USAGE', '--image and --repository go with --builder docker');
    const { buildCommand } = await import('../commands/release.ts');
    return buildCommand(options, environment);
  },
};
